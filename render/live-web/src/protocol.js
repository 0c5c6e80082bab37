// SPDX-License-Identifier: Apache-2.0
// The binary messages of the live protocol, version 1 (render/protocol.md).
export const VERSION = 1, FACE = 1, BODY = 2, SOUND = 16, DISCONTINUITY = 1;
const HEADER = 24, FACE_BYTES = 64, CURVES = 52;

/** Frames of a binary message (an ArrayBuffer); throws a RangeError for one that is damaged or of another version. */
export function decodeFrames(buffer) {
  const view = new DataView(buffer);
  const fail = (why) => { throw new RangeError(`message of frames: ${why}`); };
  if (view.byteLength < HEADER) fail(`${view.byteLength} bytes`);
  const kind = view.getUint8(3);
  if (view.getUint16(0) !== 0x4745 || view.getUint8(2) !== VERSION || (kind !== FACE && kind !== BODY)) fail("foreign");
  const fps = view.getUint16(16, true) / 100, count = view.getUint8(18), joints = view.getUint16(20, true);
  const size = kind === FACE ? FACE_BYTES : 12 + 8 * joints;
  if (!fps || !count || view.byteLength !== HEADER + count * size) fail(`${view.byteLength} bytes for ${count} frames`);
  const start = Number(view.getBigUint64(8, true)) / 1e6, frames = [];
  for (let i = 0; i < count; i++) {
    const at = HEADER + i * size, time = start + i / fps;
    frames.push(kind === FACE ? face(view, at, time) : body(view, at, time, joints));
  }
  return { kind, sequence: view.getUint32(4, true), start, fps, flags: view.getUint8(19), joints, frames };
}

function face(view, at, time) {
  const weights = new Float32Array(CURVES);
  for (let i = 0; i < CURVES; i++) weights[i] = view.getUint8(at + i) / 255;
  const gaze = [0, 1].map((i) => view.getInt16(at + CURVES + 2 * i, true) / 10000);
  return { time, weights, gaze, head: turns(view, at + CURVES + 4, 1) };
}

function body(view, at, time, joints) {
  return { time, root: [0, 4, 8].map((i) => view.getFloat32(at + i, true)), rotations: turns(view, at + 12, joints) };
}

/** Unit quaternions w, x, y, z, one behind the other. */
function turns(view, at, count) {
  const out = new Float32Array(4 * count);
  for (let j = 0; j < out.length; j += 4) {
    let sum = 0;
    for (let k = 0; k < 4; k++) sum += (out[j + k] = view.getInt16(at + 2 * (j + k), true)) ** 2;
    const scale = 1 / Math.sqrt(sum || 1);
    for (let k = 0; k < 4; k++) out[j + k] *= scale;
  }
  return out;
}

/** A message of sound: mono samples in [-1, 1], of which the first is number `first` of the stream. */
export function encodeSound(samples, first) {
  const view = new DataView(new ArrayBuffer(8 + 2 * samples.length));
  view.setUint16(0, 0x4745);
  view.setUint8(2, VERSION);
  view.setUint8(3, SOUND);
  view.setUint32(4, first % 2 ** 32, true);
  for (let i = 0; i < samples.length; i++) {
    view.setInt16(8 + 2 * i, Math.round(Math.min(1, Math.max(-1, samples[i])) * 32767), true);
  }
  return view.buffer;
}

/** A message of sound of a session that is watched: number of its first sample, and samples in [-1, 1]. */
export function decodeSound(buffer) {
  const view = new DataView(buffer), count = (view.byteLength - 8) >> 1;
  if (count < 1 || view.getUint16(0) !== 0x4745 || view.getUint8(2) !== VERSION || view.getUint8(3) !== SOUND) {
    throw new RangeError(`message of sound: ${view.byteLength} bytes, damaged or foreign`);
  }
  const samples = Float32Array.from({ length: count }, (_, i) => view.getInt16(8 + 2 * i, true) / 32768);
  return { first: view.getUint32(4, true), samples };
}
