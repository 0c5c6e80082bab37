// Rhubarb Lip Sync (WASM build) on every NAME.pcm (16 kHz, int16, mono) of a folder: NAME.json with its mouth cues and the
// seconds of processor time that they took. benchmarks/words.py --rhubarb calls it.
//   node rhubarb.mjs FOLDER PACKAGES    PACKAGES: where "npm install rhubarb-lip-sync-wasm" was run
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, packages] = process.argv.slice(2);
const index = join(resolve(packages), "node_modules/rhubarb-lip-sync-wasm/dist/index.js");
const { Rhubarb } = await import(pathToFileURL(index).href);
await Rhubarb.getModule();
for (const name of readdirSync(folder).filter((n) => n.endsWith(".pcm")).sort()) {
  const out = join(folder, name.replace(".pcm", ".json"));
  if (existsSync(out)) continue;
  const before = process.cpuUsage();
  const { mouthCues } = await Rhubarb.getLipSync(readFileSync(join(folder, name)));
  const { user, system } = process.cpuUsage(before);
  writeFileSync(out, JSON.stringify({ seconds: (user + system) / 1e6, cues: mouthCues }));
}
