// Bundles the viewer with three.js into one page that works offline: npm install --no-package-lock && npm run build
import { build } from "esbuild";
import { readFile, writeFile, mkdir } from "node:fs/promises";

const result = await build({
  entryPoints: ["src/viewer.js"],
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  write: false,
  legalComments: "none",
});
const notice = "three.js r180, MIT licence, (c) 2010-2025 three.js authors";
const script = result.outputFiles[0].text.replaceAll("</script", "<\\/script");
const page = (await readFile("src/index.html", "utf8"))
  .replace("/* style */", () => "")
  .replace('<link rel="stylesheet" href="style.css">', `<style>${await readFile("src/style.css", "utf8")}</style>`)
  .replace('<script type="module" src="viewer.js"></script>', () => `<script type="module">/* ${notice} */${script}</script>`);
await mkdir("dist", { recursive: true });
await writeFile("dist/index.html", page);
console.log(`dist/index.html ${(page.length / 1024).toFixed(0)} KiB`);
