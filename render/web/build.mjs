// Bundles the pages with three.js, each into one file that works offline: npm install --no-package-lock && npm run build
import { build } from "esbuild";
import { readFile, writeFile, mkdir } from "node:fs/promises";

const notice = "three.js r180, MIT licence, (c) 2010-2025 three.js authors";
await mkdir("dist", { recursive: true });
for (const [source, entry, target] of [["index.html", "viewer.js", "index.html"], ["live.html", "live.js", "live.html"]]) {
  const result = await build({
    entryPoints: [`src/${entry}`],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
    legalComments: "none",
    nodePaths: ["node_modules"],
  });
  const script = result.outputFiles[0].text.replaceAll("</script", "<\\/script");
  const page = (await readFile(`src/${source}`, "utf8"))
    .replace("/* style */", () => "")
    .replace('<link rel="stylesheet" href="style.css">', `<style>${await readFile("src/style.css", "utf8")}</style>`)
    .replace(`<script type="module" src="${entry}"></script>`, () => `<script type="module">/* ${notice} */${script}</script>`);
  await writeFile(`dist/${target}`, page);
  console.log(`dist/${target} ${(page.length / 1024).toFixed(0)} KiB`);
}
