import { readFileSync } from "node:fs";
import { decodeFrames, encodeSound } from "../../render/live-web/src/index.js";
const read = (path) => { const b = readFileSync(path); return b.buffer.slice(b.byteOffset, b.byteOffset + b.length); };
const told = process.argv.slice(2, 4).map((path) => {
  const { sequence, start, flags, fps, frames } = decodeFrames(read(path));
  const rows = {};
  for (const frame of frames) for (const [name, value] of Object.entries(frame)) if (name !== "time") (rows[name] ??= []).push([...value]);
  return { sequence, start, flags, fps, ...rows };
});
let refused = 0;
for (const path of process.argv.slice(2, 4)) {
  const whole = read(path);
  for (let end = 0; end < whole.byteLength; end++) {
    try { decodeFrames(whole.slice(0, end)); } catch (error) { refused += error instanceof RangeError; }
  }
}
const sound = Buffer.from(encodeSound(Float32Array.of(0, 0.25, -0.25, 1, -1), 2 ** 32 + 3)).toString("hex");
console.log(JSON.stringify({ told, refused, sound }));
