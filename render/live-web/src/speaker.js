// SPDX-License-Identifier: Apache-2.0
// Utterances: their sound goes to the server, and is played where the session says it is.
const AHEAD = 0.15; // seconds before its time that sound is handed to the system

export class Speaker {
  /** `context` is an AudioContext (resumed by a click: browsers ask for one), `rate` the hello's. */
  constructor(connection, playhead, context, rate = 16000) {
    Object.assign(this, { connection, playhead, context, rate });
    this.chunks = []; // { first, samples } that were sent and not played
    this.playing = new Set();
    this.place = null; // { at, sample } that the server told
    this.output = context.createGain();
    this.output.connect(context.destination);
    connection.on("started", (place) => { this.place = place; });
    connection.on("sound", (chunk) => { this.chunks.push(chunk); }); // of a session that is watched
    connection.on("interrupted", () => connection.hello.watch && this.hush());
  }

  /** Begin an utterance; `known` may hold `text`, `words` and `phones` with times from its beginning. */
  begin(utterance, known = {}) {
    return this.connection.tell("say", { utterance, ...known });
  }

  /** Sound of the utterance, mono in [-1, 1]. */
  push(samples) {
    const first = this.connection.sound(samples);
    if (first >= 0) this.chunks.push({ first, samples });
    return first >= 0;
  }

  end(utterance) {
    return this.connection.tell("end", { utterance });
  }

  /** Break off: silence at once, and the avatar ends its sentence too. */
  interrupt() {
    this.hush();
    return this.connection.tell("interrupt", { played_until: Math.max(0, this.playhead.time ?? 0) });
  }

  hush() {
    for (const source of this.playing) source.stop();
    this.playing.clear();
    this.chunks = [];
    this.place = null;
    this.playhead.until = -Infinity;
  }

  /** To be called with each frame that is drawn, after `playhead.advance()`. */
  update() {
    const time = this.playhead.time;
    while (this.place && time !== null && this.chunks.length) {
      const { first, samples } = this.chunks[0];
      const at = this.place.at + signed(first - this.place.sample) / this.rate;
      const end = at + samples.length / this.rate;
      if (at > time + AHEAD || at > this.playhead.timeline.end) return; // frames are late: the sound waits
      this.chunks.shift();
      if (end <= time) continue; // it was for a time that has passed
      this.playhead.until = Math.max(this.playhead.until, end);
      const buffer = this.context.createBuffer(1, samples.length, this.rate);
      buffer.copyToChannel(samples, 0);
      const source = this.context.createBufferSource();
      source.buffer = buffer;
      source.connect(this.output);
      source.start(this.context.currentTime + Math.max(0, at - time), Math.max(0, time - at));
      source.onended = () => this.playing.delete(source);
      this.playing.add(source);
    }
  }
}

/** A difference of numbers modulo 2^32. */
const signed = (difference) => difference | 0;
