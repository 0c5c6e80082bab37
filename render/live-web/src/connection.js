// SPDX-License-Identifier: Apache-2.0
// The WebSocket: hello, resume with growing pauses and without end, sound out, frames and events in.
import { decodeFrames, decodeSound, encodeSound, SOUND } from "./protocol.js";

const FIRST_PAUSE = 0.25, LONGEST_PAUSE = 8; // seconds
const LONGEST_SOUND = 16000; // samples of a message: half of what the server takes
const FATAL = new Set(["bad_token", "bad_version", "bad_value"]);

/**
 * Events (`on(type, listener)`): every text message of the server by its type ("welcome", "started", "ended",
 * "interrupted", "spoken", "load", "error", "pong"), "frames" with what `decodeFrames` gives, "sound" with what
 * `decodeSound` gives (of a session that is watched), and "state" with "connecting", "open",
 * "waiting" or "closed".
 */
export class Connection {
  constructor(address, hello = {}, { WebSocket: Socket = globalThis.WebSocket } = {}) {
    this.address = address;
    this.hello = { type: "hello", v: 1, ...hello };
    this.state = "closed";
    this.welcome = null;
    this.sample = 0; // number of the sample that is sent next
    this.lastSequence = -1;
    this.listeners = new Map();
    this.pause = FIRST_PAUSE;
    this.Socket = Socket;
  }

  on(type, listener) {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
    return this;
  }

  emit(type, value) {
    for (const listener of this.listeners.get(type) ?? []) listener(value);
  }

  open() {
    clearTimeout(this.timer);
    this.change("connecting");
    const socket = (this.socket = new this.Socket(this.address));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      const { v, token } = this.hello;
      const back = this.welcome && { type: "resume", v, token, session: this.welcome.session, last_seq: this.lastSequence };
      socket.send(JSON.stringify(back || this.hello));
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.hear(JSON.parse(data));
      else if (new Uint8Array(data)[3] === SOUND) this.emit("sound", decodeSound(data));
      else this.take(decodeFrames(data));
    };
    socket.onclose = () => socket === this.socket && this.state !== "closed" && this.retry();
    if (globalThis.document && !this.watching) {
      this.watching = true; // who looks at the page again shall not wait
      document.addEventListener("visibilitychange", () => !document.hidden && this.state === "waiting" && this.open());
    }
    return this;
  }

  hear(message) {
    if (message.type === "welcome") {
      if (!message.resumed) this.lastSequence = -1;
      this.welcome = message;
      this.sample = message.sample;
      this.pause = FIRST_PAUSE;
      this.change("open");
    }
    if (message.type === "error") {
      if (message.code === "no_session") this.welcome = null;
      if (message.retry > 0) this.pause = Math.max(this.pause, message.retry);
      if (FATAL.has(message.code)) this.close();
    }
    this.emit(message.type, message);
  }

  take(frames) {
    this.lastSequence = frames.sequence;
    this.emit("frames", frames);
  }

  retry() {
    this.change("waiting");
    this.timer = setTimeout(() => this.state === "waiting" && this.open(), 1000 * this.pause);
    this.pause = Math.min(2 * this.pause, LONGEST_PAUSE);
  }

  change(state) {
    if (state === this.state) return;
    this.state = state;
    this.emit("state", state);
  }

  close() {
    clearTimeout(this.timer);
    this.change("closed");
    this.socket?.close();
  }

  /** Send a text message, for example `tell("emotion", { mix: "happy:0.6", fade: 0.5 })`; false while not connected. */
  tell(type, values = {}) {
    if (this.state !== "open") return false;
    this.socket.send(JSON.stringify({ type, ...values }));
    return true;
  }

  /** Send mono samples in [-1, 1] at the rate of the hello; returns the number of the first, or -1 while not connected. */
  sound(samples) {
    if (this.state !== "open") return -1;
    const first = this.sample;
    for (let at = 0; at < samples.length; at += LONGEST_SOUND) {
      this.socket.send(encodeSound(samples.subarray(at, at + LONGEST_SOUND), first + at));
    }
    this.sample = (first + samples.length) % 2 ** 32;
    return first;
  }
}
