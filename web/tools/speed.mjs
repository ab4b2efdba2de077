/**
 * How fast the page is on this device: node tools/speed.mjs URL CLIP.y4m [SECONDS] [FRAMES]
 *
 * A first visit in headless Chromium with a 60 frames/s camera: seconds until the first label, then
 * distinct frames per second, model step and detection, in a window of SECONDS (20). With FRAMES it
 * goes on until so many frames were answered, and tells JavaScript heap and resident memory (MB) at
 * every tenth of them. Prints one JSON line.
 */

import { execFileSync } from "node:child_process";
import { launch } from "./browser.mjs";

const [url, clip, seconds = "20", frames = "0"] = process.argv.slice(2);
if (url === undefined || clip === undefined) {
  console.error("usage: node tools/speed.mjs URL CLIP.y4m [SECONDS] [FRAMES]");
  process.exit(2);
}

const browser = await launch([
  `--use-file-for-fake-video-capture=${clip}`,
  "--enable-precise-memory-info",
]);
const context = await browser.newContext({ locale: "en-GB" });
await context.addInitScript(() => {
  localStorage.setItem("mien.settings/1", JSON.stringify({ noted: true }));
  const answers = [];
  Object.assign(globalThis, { answers });
  const Plain = globalThis.Worker;
  globalThis.Worker = class extends Plain {
    constructor(...given) {
      super(...given);
      this.addEventListener("message", ({ data }) => {
        const answer = data?.answer;
        if (answer?.row !== undefined) {
          const { row, detectMs, modelMs } = answer;
          const face = row.faces.length > 0;
          answers.push({ time: row.time_s, detect: detectMs, model: modelMs, face });
        }
      });
    }
  };
});
const page = await context.newPage();
await page.goto(url);
await page.locator(".choice").first().waitFor();
const began = Date.now();
await page.locator(".choice").first().click();
await page.locator(".face-said").first().waitFor({ timeout: 60_000 });
const firstLabel = (Date.now() - began) / 1000;
await page.waitForTimeout(3000);

const counted = () => page.evaluate(() => globalThis.answers.length);
/** JavaScript heap of the page, and resident memory of its process, worker and WebAssembly included. */
const memory = async () => {
  const heap = await page.evaluate(() => performance.memory.usedJSHeapSize);
  const renderers = execFileSync("ps", ["-eo", "rss,args"], { encoding: "utf-8" })
    .split("\n")
    .filter((line) => line.includes("--type=renderer"))
    .map((line) => Number.parseInt(line, 10));
  return { heap: Math.round(heap / 1e5) / 10, resident: Math.round(Math.max(...renderers) / 1e3) };
};
const from = await counted();
const atMs = Date.now();
await page.waitForTimeout(1000 * Number(seconds));
const window_s = (Date.now() - atMs) / 1000;
const seen = (await page.evaluate(() => globalThis.answers)).slice(from);

const heaps = [];
for (let step = 1; Number(frames) > 0 && step <= 10; step += 1) {
  while ((await counted()) < (Number(frames) * step) / 10) {
    await page.waitForTimeout(500);
  }
  heaps.push(await memory());
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? null;
const rounded = (value) => (value === null ? null : Math.round(value * 100) / 100);
const facts = {
  first_label_s: rounded(firstLabel),
  frames_per_s: rounded(new Set(seen.map((answer) => answer.time)).size / window_s),
  model_ms: rounded(median(seen.map((answer) => answer.model).filter((ms) => ms !== null))),
  detect_ms: rounded(median(seen.map((answer) => answer.detect).filter((ms) => ms))),
  with_a_face: rounded(seen.filter((answer) => answer.face).length / seen.length),
  meter: (await page.locator(".meter li").allTextContents()).join(", "),
  isolated: await page.evaluate(() => globalThis.crossOriginIsolated),
  memory_mb: heaps,
};
console.log(JSON.stringify(facts));
await browser.close();
