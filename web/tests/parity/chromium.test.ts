/**
 * The whole engine in Chromium, worker and WASM included, on the frames of `parity.test.ts`, and
 * what it says when a file or the browser fails it. CHROMIUM names the program where it is not
 * Debian's.
 */

import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Precision, StreamOptions } from "../../src/engine/types";
import { type PictureFile, readCases } from "./cases";
import { BARS, distanceOf } from "./compare";
import type { ParityPage } from "./page/main";
import { type Fault, HEADERS, openSite, type Site } from "./site";

declare const parity: ParityPage; // in the page

const PROGRAM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const { stills, video } = readCases();
let browser: Browser;
let site: Site;
let page: Page;

beforeAll(async () => {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not there; do: apt install chromium`);
  site = await openSite();
  browser = await chromium.launch({
    executablePath: PROGRAM,
    args: ["--no-sandbox", "--disable-gpu"],
  });
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
});

/** A fresh page without a cache, on a host with the given fault. */
async function visit(fault: Fault = {}): Promise<void> {
  await page?.context().close();
  site.fault = fault;
  page = await (await browser.newContext()).newPage();
  await page.goto(site.url);
  await page.waitForFunction(() => "parity" in globalThis);
}

function read(
  options: StreamOptions,
  pictures: readonly PictureFile[],
  times: readonly (number | null)[],
) {
  return page.evaluate(([o, p, t]) => parity.read(o, p, t), [options, pictures, times] as const);
}

describe.each(["fp32", "int8"] as const)("parity in Chromium, %s", (precision: Precision) => {
  beforeAll(async () => {
    await visit();
    const { info, progress } = await page.evaluate((p) => parity.open(p), precision);
    console.log(`${precision}: ${info.threads} threads`);
    expect(info).toMatchObject({ name: "small", precision, backend: "wasm" });
    expect(info.threads).toBeGreaterThan(1);
    for (const part of ["runtime", "detector", "model"]) {
      const last = progress.filter((told) => told.part === part).at(-1);
      expect(last?.loaded).toBeGreaterThan(1e6);
    }
  });

  const still = { source: "parity", every: 1, smoothingS: 0, heat: true };
  const live = {
    source: "parity",
    every: video.every,
    smoothingS: video.smoothing_s,
    heat: true,
  };

  it.each([
    ["stills", still, stills.pictures, stills.pictures.map(() => null), stills.rows],
    ["video", live, video.pictures, video.times, video.rows],
  ] as const)("%s", async (name, options, pictures, times, rows) => {
    const { rows: got, heat, ms } = await read(options, pictures, times);
    const distance = distanceOf(rows[precision], got);
    const model = ms.map((each) => each.model ?? 0).sort((a, b) => a - b);
    const median = model[Math.floor(model.length / 2)]?.toFixed(1);
    console.log(`${precision}, ${name}: ${JSON.stringify(distance)}, model ${median} ms`);
    expect(distance.strange).toEqual([]);
    expect(distance.box).toBeLessThanOrEqual(BARS.box);
    expect(heat).toHaveLength(distance.faces);
    expect(heat.every((most) => most === 1)).toBe(true);
    if (precision === "fp32") {
      expect(distance.probability).toBeLessThanOrEqual(BARS.probability);
      expect(distance.labels).toBe(0);
    }
  });
});

describe("a folder on any host", () => {
  it("works without the headers, on one thread, and asks nobody else", async () => {
    await visit({ headers: {} });
    site.requests.length = 0;
    const elsewhere: string[] = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(site.url)) elsewhere.push(request.url());
    });
    const { info } = await page.evaluate(() => parity.open("int8"));
    expect(info.threads).toBe(1);
    const { rows } = await read(
      { source: "parity", every: 1, smoothingS: 0, heat: false },
      stills.pictures.slice(0, 1),
      [null],
    );
    expect(rows[0]?.faces).toHaveLength(1);
    expect(site.requests).toContain("models/small/model.int8.onnx");
    expect(site.requests).not.toContain("models/small/model.onnx");
    expect(elsewhere).toEqual([]);
  });
});

describe("what can go wrong", () => {
  const without =
    (part: string): NonNullable<Fault["answer"]> =>
    (path, data) =>
      path.endsWith(part) ? null : data;
  const damaged =
    (part: string): NonNullable<Fault["answer"]> =>
    (path, data) =>
      path.endsWith(part) ? data.map((byte, at) => (at === data.length >> 1 ? ~byte : byte)) : data;

  beforeEach(() => page?.context().close());

  it.each<[string, Fault, string]>([
    ["no list", { answer: without("models.json") }, "model-missing"],
    ["no card", { answer: without("card.json") }, "model-missing"],
    ["no model", { answer: without("model.onnx") }, "model-missing"],
    ["no detector", { answer: without("onet.onnx") }, "model-missing"],
    ["no runtime", { answer: without(".wasm") }, "model-missing"],
    ["no script of the runtime", { answer: without(".mjs") }, "model-missing"],
    ["a damaged model", { answer: damaged("model.onnx") }, "model-corrupt"],
    ["a damaged detector", { answer: damaged("pnet.onnx") }, "model-corrupt"],
    [
      "a policy without WASM",
      { headers: { ...HEADERS, "content-security-policy": "script-src 'self'" } },
      "wasm-blocked",
    ],
  ])("%s", async (_, fault, trouble) => {
    await visit(fault);
    const told = await page.evaluate(() => parity.troubleOfOpening());
    expect(told).toMatchObject({ trouble });
  });
});
