/** Draws public/icon.svg as the PNG files that the manifest names: node tools/icons.mjs */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "./browser.mjs";

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), "..", "public");

// Systems cut a maskable icon to their own shape: its middle four fifths must hold everything,
// and an icon of Apple fills its square.
const ICONS = [
  { name: "icon-192.png", size: 192, whole: false },
  { name: "icon-512.png", size: 512, whole: false },
  { name: "icon-180.png", size: 180, whole: true },
  { name: "icon-maskable-512.png", size: 512, whole: true },
];

const drawing = readFileSync(join(FOLDER, "icon.svg"), "utf8");
const colour = /fill="(#[0-9a-f]{6})"/.exec(drawing)?.[1];
const browser = await launch();
const page = await browser.newPage();
for (const { name, size, whole } of ICONS) {
  const share = whole ? 80 : 100;
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(
    `<style>html{background:${whole ? colour : "transparent"}}body{margin:0;height:100vh;display:grid;place-items:center}svg{width:${share}%}</style>${drawing}`,
  );
  await page.screenshot({ path: join(FOLDER, name), omitBackground: true });
}
await browser.close();
