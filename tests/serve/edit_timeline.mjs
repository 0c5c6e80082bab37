// Edits the timeline in the viewer as a user would, and prints what is saved as one line of JSON.
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
const { chromium } = createRequire(process.env.NODE_MODULES + "/")("playwright-core");
const [path, address, picture] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: path,
  args: ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run"],
});
const page = await browser.newPage({ viewport: { width: 640, height: 420 }, acceptDownloads: true });
page.setDefaultTimeout(180000);
const errors = [];
page.on("pageerror", (error) => errors.push(error.message));
await page.goto(address);
await page.waitForFunction(() => document.body?.dataset.ready);
// clicks that do not wait for a picture to stand still: a software renderer draws few a second
const click = (id) => page.evaluate((name) => document.getElementById(name).click(), id);
const fill = (id, text) => page.evaluate(([name, value]) => {
  const field = document.getElementById(name);
  field.value = value;
  field.dispatchEvent(new Event("input"));
}, [id, text]);
const before = await page.evaluate(() => window.gengine.keys);
await click("edit");
await page.evaluate(() => window.gengine.seek(window.gengine.data.duration / 2));
await click("add");
await fill("emotion", "anger:0.8");
await fill("strength", "0.4");
const box = await page.evaluate(() => { const { x, y, width, height } = document.getElementById("strip").getBoundingClientRect(); return { x, y, width, height }; });
const x = (share) => box.x + share * box.width, y = box.y + box.height * 0.75;
await page.mouse.move(x(0.5), y);
await page.mouse.down();
await page.mouse.move(x(0.6), y);
await page.mouse.move(x(0.75), y);
await page.mouse.up();
const [download] = await Promise.all([page.waitForEvent("download"), click("save")]);
const saved = JSON.parse(await readFile(await download.path(), "utf8"));
const time = await page.evaluate(() => window.gengine.audio.currentTime);
if (picture) await page.screenshot({ path: picture });
await click("remove");
const after = await page.evaluate(() => window.gengine.keys.length);
console.log(JSON.stringify({ before, saved, time, after, name: download.suggestedFilename(), errors }));
await browser.close();
