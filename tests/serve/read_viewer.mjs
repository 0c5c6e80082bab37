// Opens the viewer in Chromium, seeks, and prints what the scene holds as one line of JSON.
import { createRequire } from "node:module";
const { chromium } = createRequire(process.env.NODE_MODULES + "/")("playwright-core");
const [path, address, time] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: path,
  args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run"],
});
const page = await browser.newPage({ viewport: { width: 480, height: 480 } });
const errors = [];
page.on("pageerror", (error) => errors.push(error.message));
page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
await page.goto(address, { timeout: 180000 });
await page.waitForFunction(() => document.body?.dataset.ready, null, { timeout: 180000 });
await page.evaluate((t) => window.gengine.seek(t), Number(time));
await page.waitForTimeout(800);
const seen = await page.evaluate(() => {
  const morphs = {};
  let joints = 0;
  window.gengine.model.traverse((node) => {
    if (node.isBone) joints += 1;
    if (node.morphTargetDictionary)
      for (const [name, k] of Object.entries(node.morphTargetDictionary)) morphs[name] ??= node.morphTargetInfluences[k];
  });
  const canvas = document.querySelector("#stage canvas");
  const copy = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
  const g = copy.getContext("2d");
  g.drawImage(canvas, 0, 0, 64, 64);
  const pixels = g.getImageData(0, 0, 64, 64).data;
  let drawn = 0;
  for (let i = 0; i < pixels.length; i += 4)
    if (Math.abs(pixels[i] - pixels[0]) + Math.abs(pixels[i + 1] - pixels[1]) + Math.abs(pixels[i + 2] - pixels[2]) > 30) drawn += 1;
  return { morphs, joints, drawn: drawn / 4096 };
});
console.log(JSON.stringify({ ...seen, errors }));
await browser.close();
