// SPDX-License-Identifier: Apache-2.0
// Which session time is shown now: it runs with the sound's clock, waits where frames are late and catches up softly.
const CUSHION = 0.06; // seconds of frames that are kept ahead of what is shown
const STEP = 0.02; // how much the cushion grows each time that frames came too late
const LARGEST = 0.4;
const SLACK = 0.1; // seconds that may be ahead besides before the playhead hurries
const HURRY = 0.05; // how much faster it runs then

export class Playhead {
  /** `now()` is the master clock in seconds: `() => context.currentTime` where sound is played. */
  constructor(timeline, now = () => performance.now() / 1000) {
    this.timeline = timeline;
    this.now = now;
    this.time = null;
    this.cushion = CUSHION;
    this.stalls = 0;
    this.until = -Infinity; // sound is played up to this session time: no hurry before it
  }

  /** Move on; the session time that is to be shown, or null before there are frames. */
  advance() {
    const now = this.now(), end = this.timeline.end;
    if (this.time === null) {
      const first = this.timeline.face.frames[0]?.time;
      if (first === undefined || end - first < this.cushion) return null;
      this.time = end - this.cushion;
      this.last = now;
      return this.time;
    }
    const passed = Math.max(0, now - this.last);
    this.last = now;
    const ahead = end - this.time, quiet = this.time > this.until;
    const rate = quiet && ahead > this.cushion + SLACK ? 1 + HURRY + (ahead > 1 ? ahead : 0) : 1;
    const next = this.time + passed * rate;
    if (next > end && ahead < passed) {
      this.stalls++;
      this.cushion = Math.min(this.cushion + STEP, LARGEST);
    }
    return (this.time = Math.max(this.time, Math.min(next, end)));
  }
}
