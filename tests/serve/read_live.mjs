// Opens the live page in Chromium with a recording for a microphone, and prints what the page saw as one line of JSON.
import { createRequire } from "node:module";
const { chromium } = createRequire(process.env.NODE_MODULES + "/")("playwright-core");
const [path, address, recording, button, seconds, picture] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: path,
  args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${recording}`],
});
const page = await browser.newPage({ viewport: { width: 96, height: 96 } });
const errors = [];
page.on("pageerror", (error) => errors.push(error.message));
page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
await page.goto(address, { waitUntil: "commit" });
await page.waitForFunction(() => document.body?.dataset.ready, null, { timeout: 180000 });
await page.evaluate((button) => document.querySelector(button).click(), button);
await page.waitForFunction(() => window.gengine.place, null, { timeout: 60000 });
const from = await page.evaluate(() => window.gengine.place.at);
// a busy machine draws few frames: enough of them are waited for, however long that takes
await page.waitForFunction(
  ([from, until]) => window.gengine.playhead.time > until && window.gengine.jaw.filter(([time]) => time >= from).length > 20,
  [from, from + Number(seconds)],
  { timeout: 240000 },
);
const seen = await page.evaluate((at) => {
  const { jaw, latency, rig, playhead, errors } = window.gengine;
  return { jaw: jaw.filter(([time]) => time >= at), latency, missing: rig.missing, stalls: playhead.stalls, refused: errors };
}, from);
if (picture) await page.screenshot({ path: picture });
console.log(JSON.stringify({ ...seen, errors }));
await browser.close();
