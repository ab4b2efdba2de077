/**
 * The model on WebGPU in Chromium. The card is SwiftShader, which is the processor: what it answers
 * is what counts here, never how fast.
 */

import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { TOLERANCE } from "../../src/engine/choice";
import type { FrameRow } from "../../src/vision/row";
import { type PictureFile, readCases } from "./cases";
import { BARS, distanceOf } from "./compare";
import type { ParityPage } from "./page/main";
import { openSite, type Site } from "./site";

declare const parity: ParityPage; // in the page

const PROGRAM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const PLAIN = ["--no-sandbox", "--disable-gpu"];
const CARD = [...PLAIN, "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
const OPTIONS = { source: "parity", every: 1, smoothingS: 0, heat: true };
/** A few of the stills are enough: SwiftShader takes a second or more for a face. */
const SOME = [0, 3, 8, 9, 15];
const { stills } = readCases();
const pictures = SOME.map((at) => stills.pictures[at] as PictureFile);
const expected = SOME.map((at) => stills.rows.fp32[at] as FrameRow);
let site: Site;
let browser: Browser | undefined;

beforeAll(async () => {
  site = await openSite();
});

afterEach(() => browser?.close());

afterAll(() => site?.close());

async function visit(args: string[]): Promise<Page> {
  browser = await chromium.launch({ executablePath: PROGRAM, args });
  const page = await browser.newPage();
  await page.goto(site.url);
  await page.waitForFunction(() => "parity" in globalThis);
  site.requests.length = 0;
  return page;
}

/** Why this browser cannot show anything here; null if it has an adapter. */
function whyNot(page: Page): Promise<string | null> {
  return page.evaluate(async () => {
    if (!("Suspending" in WebAssembly)) return "this browser has no JSPI";
    const adapter = await navigator.gpu?.requestAdapter();
    return adapter ? null : "this browser gives no WebGPU adapter, not even SwiftShader";
  });
}

const fetched = () => site.requests.filter((path) => path.includes("jspi"));

it("answers as Python does, and WASM goes on when the card is lost", async (context) => {
  const page = await visit(CARD);
  const reason = await whyNot(page);
  if (reason !== null) return context.skip(reason);
  const { info, progress } = await page.evaluate(() => parity.open("int8", "forced"));
  console.log(JSON.stringify(info.graphics));
  expect(info).toMatchObject({ backend: "webgpu", precision: "fp32" });
  expect(info.graphics).toMatchObject({ reason: "forced", detail: "" });
  expect(info.graphics?.difference).toBeLessThanOrEqual(TOLERANCE);
  const last = progress.filter(({ part }) => part === "graphics").at(-1);
  expect(last?.loaded).toBe(last?.total);

  const stillRows = () =>
    page.evaluate(
      ([options, given]) =>
        parity.read(
          options,
          given,
          given.map(() => null),
        ),
      [OPTIONS, pictures] as const,
    );
  const { rows, heat } = await stillRows();
  const distance = distanceOf(expected, rows);
  console.log(`WebGPU: ${JSON.stringify(distance)}`);
  expect(await page.evaluate(() => parity.changed())).toBeNull();
  expect(distance).toMatchObject({ strange: [], labels: 0, faces: 8 });
  expect(distance.probability).toBeLessThanOrEqual(BARS.probability);
  expect(distance.box).toBeLessThanOrEqual(BARS.box);
  expect(heat).toHaveLength(distance.faces);

  const session = await browser?.newBrowserCDPSession();
  await session?.send("Browser.crashGpuProcess").catch(() => undefined);
  const again = distanceOf(expected, (await stillRows()).rows);
  expect(again).toMatchObject({ strange: [], labels: 0 });
  expect(again.probability).toBeLessThanOrEqual(BARS.probability);
  expect(await page.evaluate(() => parity.changed())).toMatchObject({
    backend: "wasm",
    precision: "fp32",
    graphics: { reason: "lost" },
  });
});

it("is not fetched for a card that is the processor", async (context) => {
  const page = await visit(CARD);
  const reason = await whyNot(page);
  if (reason !== null) return context.skip(reason);
  const { info } = await page.evaluate(() => parity.open("int8", "faster"));
  expect(info).toMatchObject({ backend: "wasm", precision: "int8" });
  expect(info.graphics).toMatchObject({ reason: "software", wasmMs: null });
  expect(fetched()).toEqual([]);
});

it("is not fetched without a card", async () => {
  const page = await visit(PLAIN);
  const { info } = await page.evaluate(() => parity.open("int8", "faster"));
  expect(info).toMatchObject({ backend: "wasm", graphics: { reason: "missing" } });
  expect(fetched()).toEqual([]);
});

it("that is damaged leaves the reader as it was", async (context) => {
  const page = await visit(CARD);
  const reason = await whyNot(page);
  if (reason !== null) return context.skip(reason);
  const damaged = (path: string, data: Uint8Array) =>
    path.endsWith("jspi.wasm") ? data.with(data.length >> 1, 0) : data;
  site.fault = { answer: damaged };
  const { info } = await page.evaluate(() => parity.open("int8", "forced"));
  site.fault = {};
  expect(info).toMatchObject({ backend: "wasm", precision: "int8" });
  expect(info.graphics).toMatchObject({ reason: "failed" });
  expect(info.graphics?.detail).toContain("sha256");
});
