// SPDX-License-Identifier: Apache-2.0
// The microphone, in 20 ms pieces at the rate of the AudioContext.
const WORKLET = `registerProcessor("gengine-tap", class extends AudioWorkletProcessor {
  constructor() { super(); this.held = new Float32Array(Math.round(sampleRate / 50)); this.count = 0; }
  process([[samples]]) {
    for (let i = 0; samples && i < samples.length; i++) {
      this.held[this.count++] = samples[i];
      if (this.count === this.held.length) { this.port.postMessage(this.held.slice()); this.count = 0; }
    }
    return true;
  }
});`;

export class Microphone {
  constructor(connection, context) {
    Object.assign(this, { connection, context, level: 0 });
  }

  /** Ask for the microphone and send what it hears; rejects where the user or the system refuses. */
  async open() {
    const audio = { channelCount: 1, echoCancellation: true, noiseSuppression: false, autoGainControl: true };
    this.stream = await navigator.mediaDevices.getUserMedia({ audio });
    const module = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
    await this.context.audioWorklet.addModule(module);
    URL.revokeObjectURL(module);
    this.source = this.context.createMediaStreamSource(this.stream);
    this.tap = new AudioWorkletNode(this.context, "gengine-tap", { numberOfOutputs: 0, channelCount: 1, channelCountMode: "explicit" });
    this.tap.port.onmessage = ({ data }) => {
      this.level = Math.sqrt(data.reduce((sum, v) => sum + v * v, 0) / data.length);
      this.heardAt = performance.now() / 1000;
      this.connection.sound(data);
    };
    this.source.connect(this.tap);
  }

  close() {
    this.source?.disconnect();
    for (const track of this.stream?.getTracks() ?? []) track.stop();
  }
}
