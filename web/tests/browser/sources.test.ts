/** From the first visit to answers: camera, picture, recording, server, and without a network. */

import { readFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { en } from "../../src/texts/en";
import type { FrameRow } from "../../src/vision/row";
import {
  browse,
  PORTRAIT,
  plainHost,
  python,
  type Served,
  scratch,
  serve,
  type Visit,
  visit,
} from "./served";

const files = scratch();
let served: Served;
let browser: Browser;
let opened: Visit | undefined;

beforeAll(async () => {
  served = await serve();
  browser = await browse({ file: files.clip("camera.y4m") });
});

afterAll(async () => {
  await browser?.close();
  await served?.stop();
  files.remove();
});

afterEach(async () => {
  const { strangers, failures } = opened ?? { strangers: [], failures: [] };
  await opened?.close();
  opened = undefined;
  expect(strangers).toEqual([]);
  expect(failures).toEqual([]);
});

/** Writes the portrait with a profile that swaps red and blue; prints its first row, and our answer. */
const SWAPPED = `
import json, subprocess, sys
from PIL import Image, ImageCms
from mien.store.images import read_image
portrait, path = sys.argv[1:]
profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
names = {b"rXYZ": b"bXYZ", b"bXYZ": b"rXYZ"}
count = int.from_bytes(profile[128:132], "big")
table = b"".join(
    names.get(profile[at : at + 4], profile[at : at + 4]) + profile[at + 4 : at + 12]
    for at in range(132, 132 + 12 * count, 12)
)
profile = profile[:132] + table + profile[132 + 12 * count :]
with Image.open(portrait) as picture:
    picture.convert("RGB").save(path, icc_profile=profile)
line = [sys.executable, "-m", "mien", "analyze", path, "--precision", "int8", "--json"]
row = json.loads(subprocess.run(line, check=True, capture_output=True, text=True).stdout)
print(json.dumps([read_image(path)[0].ravel().tolist(), row]))
`;

async function open(settings: Record<string, unknown> = {}): Promise<Page> {
  opened = await visit(browser, served.url, settings);
  return opened.page;
}

const choose = (page: Page, name: string) =>
  page.getByRole("button", { name: new RegExp(`^${name}`) }).first();

/** What is said of the first face. */
const said = (page: Page) => page.locator(".face-said").first();

async function give(page: Page, source: string, path: string): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await choose(page, source).click();
  await (await chooser).setFiles(path);
}

async function exportedRows(page: Page): Promise<FrameRow[]> {
  const download = page.waitForEvent("download");
  await page.getByTitle(en["export.json"]).click();
  const path = await (await download).path();
  return readFileSync(path, "utf-8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as FrameRow);
}

test("a first visit tells what it is, and then reads the camera within 3 seconds", async () => {
  const page = await open({ noted: false });
  await expect.poll(() => page.getByRole("dialog").textContent()).toContain(en["note.where.title"]);
  await page.getByRole("button", { name: en["note.agree"] }).click();
  const began = Date.now();
  await choose(page, en["source.camera"]).click(); // the browser allows it at once
  await said(page).waitFor({ timeout: 20_000 });
  const seconds = (Date.now() - began) / 1000;
  console.log(`first label after ${seconds.toFixed(2)} s`);
  await expect.poll(() => said(page).textContent()).toContain(en["label.happy"]);
  await page.reload();
  await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
});

test("a picture is read", async () => {
  const page = await open();
  await give(page, en["source.picture"], PORTRAIT);
  await expect
    .poll(() => said(page).textContent(), { timeout: 20_000 })
    .toContain(en["label.happy"]);
  const [row] = await exportedRows(page);
  const ours = JSON.parse(
    python("-m", "mien", "analyze", PORTRAIT, "--precision", "int8", "--json"),
  );
  expect(row?.faces).toHaveLength(1);
  for (const [at, value] of ours.faces[0].box.entries()) {
    expect(Math.abs((row?.faces[0]?.box[at] ?? Number.NaN) - value)).toBeLessThan(1.5);
  }
});

test("colours are read as they are stored, whatever a profile says, as in Python", async () => {
  const page = await open();
  const path = files.at("swapped.png");
  const [stored, ours] = JSON.parse(python("-c", SWAPPED, PORTRAIT, path)) as [number[], FrameRow];
  await give(page, en["source.picture"], path);
  await said(page).waitFor({ timeout: 60_000 });
  const shown = await page.locator("canvas.frame:not([hidden])").evaluate((element) => {
    const canvas = element as HTMLCanvasElement;
    const pixels = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, 1).data ?? [];
    return [...pixels].filter((_, at) => at % 4 !== 3);
  });
  expect(shown).toEqual(stored);
  const [row] = await exportedRows(page);
  expect(row?.faces).toHaveLength(ours.faces.length);
  for (const [label, value] of Object.entries(ours.faces[0]?.probabilities ?? {})) {
    // int8 differs between runtimes; a picture with swapped colours does so by far more.
    expect(Math.abs((row?.faces[0]?.probabilities[label] ?? 1) - value)).toBeLessThan(0.05);
  }
});

// The clip is made first, and a loaded machine takes its time for both.
test("a recording is read frame by frame, to its end", { timeout: 300_000 }, async () => {
  const page = await open();
  await give(page, en["source.video"], files.clip("clip.webm"));
  await page.getByText(en["stage.done"]).waitFor({ timeout: 200_000 });
  const rows = await exportedRows(page);
  expect(rows.length).toBeGreaterThan(110);
  const times = rows.map((row) => row.time_s ?? Number.NaN);
  expect([...times].sort((a, b) => a - b)).toEqual(times);
  expect(new Set(rows.flatMap((row) => row.faces.map((face) => face.track)))).toEqual(new Set([0]));
  const happy = rows.filter((row) => row.faces[0]?.label === "happy").length;
  expect(happy / rows.length).toBeGreaterThan(0.95);
});

test("the server reads when it is asked to", async () => {
  const page = await open({ mode: "server" });
  const sockets: string[] = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await choose(page, en["source.camera"]).click();
  await said(page).waitFor({ timeout: 20_000 });
  await expect.poll(() => said(page).textContent()).toContain(en["label.happy"]);
  expect(sockets).toEqual([`ws://localhost:${served.port}/v1/stream`]);
});

test("on the device nothing is sent", async () => {
  const page = await open();
  const sent: string[] = [];
  page.on("request", (request) => {
    if (request.method() !== "GET" || request.url().includes("/v1/")) {
      sent.push(`${request.method()} ${request.url()}`);
    }
  });
  page.on("websocket", (socket) => sent.push(socket.url()));
  await choose(page, en["source.camera"]).click();
  await said(page).waitFor({ timeout: 20_000 });
  await page.waitForTimeout(1500);
  expect(sent).toEqual([]);
});

test("an exported page works on a host without headers, and its policy holds", async () => {
  const folder = files.at("exported");
  python("-m", "mien", "web", "export", "--out", folder);
  const host = await plainHost(folder);
  try {
    opened = await visit(browser, host.url);
    const { page } = opened;
    const policy = await page.locator("meta[http-equiv]").getAttribute("content");
    const sent = (await fetch(served.url)).headers.get("content-security-policy");
    expect(`${policy}; frame-ancestors 'none'`).toBe(sent);
    await give(page, en["source.picture"], PORTRAIT);
    await expect
      .poll(() => said(page).textContent(), { timeout: 60_000 })
      .toContain(en["label.happy"]);
    const asked = await page.evaluate(async (url) => {
      const refused = new Promise<string>((resolve) => {
        addEventListener("securitypolicyviolation", (event) =>
          resolve((event as SecurityPolicyViolationEvent).effectiveDirective),
        );
      });
      await fetch(url, { mode: "no-cors" }).catch(() => undefined);
      return refused;
    }, `${served.url}/healthz`);
    expect(asked).toBe("connect-src");
  } finally {
    await host.stop();
  }
});

describe("without a network", () => {
  test("what was used once works again", async () => {
    const page = await open();
    await choose(page, en["source.camera"]).click();
    await said(page).waitFor({ timeout: 20_000 });
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page.reload(); // now the service worker answers, and keeps what the reader fetches
    await choose(page, en["source.camera"]).click();
    await said(page).waitFor({ timeout: 20_000 });
    await page.context().setOffline(true);
    await page.reload();
    await choose(page, en["source.camera"]).click();
    await said(page).waitFor({ timeout: 20_000 });
    await expect.poll(() => said(page).textContent()).toContain(en["label.happy"]);
  });
});
