// Builds static/dist/ from css/, js/, icons.txt and the npm packages: site.css, admin.css, site.js, editor.js,
// fonts/ and icons.html. Everything is written aside first and put in place at the end.
import { cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import path from "node:path";
import { build } from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.dirname(here);
const packages = path.join(root, "node_modules");
const staging = path.join(packages, ".cache", "formacion-dist");
const dist = path.join(here, "dist");

const FONTS = [
  "@fontsource/source-serif-4/files/source-serif-4-latin-400-normal.woff2",
  "@fontsource/source-serif-4/files/source-serif-4-latin-400-italic.woff2",
  "@fontsource-variable/source-sans-3/files/source-sans-3-latin-wght-normal.woff2",
  "@fontsource/source-code-pro/files/source-code-pro-latin-400-normal.woff2",
];
const LICENCES = {
  "source-serif-4.txt": "@fontsource/source-serif-4/LICENSE",
  "source-sans-3.txt": "@fontsource-variable/source-sans-3/LICENSE",
  "source-code-pro.txt": "@fontsource/source-code-pro/LICENSE",
};

async function bundle() {
  const common = { bundle: true, minify: true, legalComments: "none", logLevel: "warning", outdir: staging };
  await build({
    ...common,
    entryPoints: ["site", "admin"].map((name) => path.join(here, "css", `${name}.css`)),
    external: ["fonts/*"], // stay as they are: the manifest of static files gives them their final names
    target: "esnext", // light-dark() is written for browsers that know it
  });
  await build({
    ...common,
    entryPoints: ["site", "editor"].map((name) => path.join(here, "js", `${name}.js`)),
    format: "iife",
    target: "es2022",
  });
}

async function copyFonts() {
  const fonts = path.join(staging, "fonts");
  await mkdir(fonts, { recursive: true });
  await Promise.all([
    ...FONTS.map((file) => cp(path.join(packages, file), path.join(fonts, path.basename(file)))),
    ...Object.entries(LICENCES).map(([name, file]) => cp(path.join(packages, file), path.join(fonts, name))),
  ]);
}

async function symbol(name) {
  const svg = await readFile(path.join(packages, "lucide-static", "icons", `${name}.svg`), "utf8");
  const shapes = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
  return `<symbol id="i-${name}" viewBox="0 0 24 24">${shapes.trim().replace(/\s*\n\s*/g, "").replaceAll(" />", "/>")}</symbol>`;
}

async function drawSprite() {
  const names = (await readFile(path.join(here, "icons.txt"), "utf8")).split(/\s+/).filter(Boolean);
  const symbols = await Promise.all(names.map(symbol));
  const sprite = `<svg class="sprite" width="0" height="0" aria-hidden="true" focusable="false"><defs>${symbols.join("")}</defs></svg>\n`;
  await writeFile(path.join(staging, "icons.html"), sprite);
}

await rm(staging, { recursive: true, force: true });
await mkdir(staging, { recursive: true });
await Promise.all([bundle(), copyFonts(), drawSprite()]);
await rm(dist, { recursive: true, force: true });
await rename(staging, dist);
