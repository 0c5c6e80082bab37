// SPDX-License-Identifier: Apache-2.0
// Frames by session time: what is between two of them, and a smooth way over gaps.
import { FACE, DISCONTINUITY } from "./protocol.js";

const KEPT = 1; // seconds of frames that are kept behind the playhead
const BLEND = 0.4; // seconds in which a gap is blended over

class Track {
  constructor() {
    this.frames = [];
    this.shown = null;
    this.from = null; // what was shown when a gap came
    this.since = 0;
  }

  get end() {
    return this.frames.length ? this.frames[this.frames.length - 1].time : -Infinity;
  }

  push(message) {
    if (message.flags & DISCONTINUITY) {
      this.frames = this.frames.filter((f) => f.time < message.start);
      this.gap = message.start;
    }
    const end = this.end;
    this.frames.push(...message.frames.filter((f) => f.time > end));
  }

  at(time) {
    let k = this.frames.length - 1;
    if (k < 0) return this.shown;
    while (k > 0 && this.frames[k].time > time) k--;
    const a = this.frames[k], b = this.frames[k + 1];
    let pose = b && time > a.time ? mix(a, b, (time - a.time) / (b.time - a.time)) : a;
    if (this.gap !== undefined && time >= this.gap) {
      this.from = this.shown;
      this.since = time;
      this.gap = undefined;
    }
    const share = (time - this.since) / BLEND;
    if (this.from && share < 1) pose = mix(this.from, pose, share * share * (3 - 2 * share));
    else this.from = null;
    let old = 0;
    while (old < k && this.frames[old].time < time - KEPT) old++;
    this.frames.splice(0, old);
    return (this.shown = { ...pose, time });
  }
}

/** The way from frame `a` to frame `b`: curves, gaze and root on a line, rotations on the shorter arc. */
function mix(a, b, share) {
  const out = { time: a.time + (b.time - a.time) * share };
  for (const name of ["weights", "gaze", "root"]) {
    if (a[name]) out[name] = a[name].map((v, i) => v + (b[name][i] - v) * share);
  }
  for (const name of ["head", "rotations"]) if (a[name]) out[name] = arc(a[name], b[name], share);
  return out;
}

function arc(a, b, share) {
  const out = new Float32Array(a.length);
  for (let j = 0; j < a.length; j += 4) {
    let dot = 0, sum = 0;
    for (let k = 0; k < 4; k++) dot += a[j + k] * b[j + k];
    const sign = dot < 0 ? -1 : 1;
    for (let k = 0; k < 4; k++) sum += (out[j + k] = a[j + k] * (1 - share) + sign * b[j + k] * share) ** 2;
    for (let k = 0; k < 4; k++) out[j + k] /= Math.sqrt(sum || 1);
  }
  return out;
}

export class Timeline {
  constructor() {
    this.face = new Track();
    this.body = new Track();
  }

  /** Take what `decodeFrames` gave. */
  push(message) {
    (message.kind === FACE ? this.face : this.body).push(message);
  }

  /** Session time of the newest frame of the face. */
  get end() {
    return this.face.end;
  }

  /** `{ face, body }` at a session time; null before anything came. */
  at(time) {
    return { face: this.face.at(time), body: this.body.at(time) };
  }
}
