// Khronos glTF validator: node validate.mjs file… prints one JSON report per line.
import { readFileSync } from 'node:fs';
import validator from 'gltf-validator';

for (const path of process.argv.slice(2)) {
  const report = await validator.validateBytes(new Uint8Array(readFileSync(path)), { maxIssues: 50 });
  console.log(JSON.stringify({ issues: report.issues, info: report.info }));
}
