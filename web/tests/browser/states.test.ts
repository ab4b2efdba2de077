/** States that come without a fault of the page: too much, too large, busy, newer, hidden, unsure. */

import { readFileSync } from "node:fs";
import type { Browser, CDPSession, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { en } from "../../src/texts/en";
import type { FrameRow } from "../../src/vision/row";
import {
  between,
  browse,
  type Host,
  PORTRAIT,
  python,
  type Served,
  scratch,
  serve,
  type Visit,
  visit,
} from "./served";

/** A loaded machine is slow; what is waited for are states, never times. */
const PATIENT = { timeout: 60_000 };

const files = scratch();
let served: Served;
let browser: Browser;
let opened: Visit | undefined;
let host: Host | undefined;

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
  const { failures } = opened ?? { failures: [] };
  await opened?.close();
  await host?.stop();
  [opened, host] = [undefined, undefined];
  expect(failures).toEqual([]);
});

/** A page without a service worker, so that every request can be tampered with. */
async function open(
  settings: Record<string, unknown> = {},
  prepare: (page: Page) => Promise<unknown> = async () => undefined,
  url = served.url,
): Promise<Page> {
  opened = await visit(browser, `${served.url}/healthz`, settings);
  const { page } = opened;
  await page.route("**/sw.js", (route) => route.abort());
  await prepare(page);
  await page.goto(url);
  return page;
}

const startCamera = (page: Page) =>
  page
    .getByRole("button", { name: new RegExp(`^${en["source.camera"]}`) })
    .first()
    .click();

const said = (page: Page) => page.locator(".face-said").first();

const shows = (page: Page, problem: keyof typeof en) =>
  page.locator(".problem h2", { hasText: en[problem] }).waitFor(PATIENT);

async function give(page: Page, path: string): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await page
    .getByRole("button", { name: new RegExp(`^${en["source.picture"]}`) })
    .first()
    .click();
  await (await chooser).setFiles(path);
}

test("the memory is full", async () => {
  host = await between(served.url, (path, answer) => {
    const full = `OffscreenCanvas.prototype.getContext = () => {
      throw new RangeError("Array buffer allocation failed");
    };\n`;
    return /\/assets\/worker-.*\.js$/.test(path)
      ? { ...answer, body: Buffer.concat([Buffer.from(full), answer.body]) }
      : answer;
  });
  const page = await open({}, undefined, host.url);
  await give(page, PORTRAIT);
  await shows(page, "problem.out-of-memory");
  expect(await page.getByRole("button", { name: en["action.reload"] }).count()).toBe(1);
});

test("a picture that is too large is refused before it is decoded", async () => {
  const path = files.at("large.png");
  python(
    "-c",
    "import sys; from PIL import Image; Image.new('1', (20000, 20000)).save(sys.argv[1])",
    path,
  );
  const page = await open({}, (page) =>
    page.addInitScript(() => {
      const decode = globalThis.createImageBitmap;
      globalThis.createImageBitmap = ((...given: Parameters<typeof decode>) => {
        Object.assign(globalThis, { decoded: true });
        return decode(...given);
      }) as typeof decode;
    }),
  );
  await give(page, path);
  await shows(page, "problem.picture-too-large");
  expect(await page.locator(".problem-detail code").textContent()).toBe("20000 x 20000");
  expect(await page.evaluate(() => "decoded" in globalThis)).toBe(false);
  await page.getByRole("button", { name: en["action.change"] }).click();
  await give(page, PORTRAIT);
  await said(page).waitFor(PATIENT);
});

test("the server is busy with requests, and free when tried again", async () => {
  let busy = true;
  const body = JSON.stringify({ error: { type: "Busy", message: "try again later" } });
  const page = await open({ mode: "server" }, (page) =>
    page.route("**/v1/model", (route) =>
      busy
        ? route.fulfill({ status: 503, body, contentType: "application/json" })
        : route.fallback(),
    ),
  );
  await shows(page, "problem.server-busy");
  busy = false;
  await page.getByRole("button", { name: en["action.retry"] }).click();
  await page.locator(".problem").waitFor({ state: "detached", ...PATIENT });
});

test("the server has no stream left, and one when tried again", async () => {
  const page = await open({ mode: "server" });
  // All the streams that the server allows, held by frames that are no pictures.
  await page.evaluate(async () => {
    const limits = (await (await fetch("v1/model")).json()).limits;
    const sockets = Array.from({ length: limits.streams }, () => {
      const socket = new WebSocket(new URL("v1/stream", location.href), "mien.v1");
      const holding = new Promise<void>((resolve) => {
        socket.addEventListener("open", () => {
          socket.send(JSON.stringify({ schema: "mien.row/1" }));
          socket.send(new Uint8Array(12));
        });
        socket.addEventListener("message", () => resolve());
      });
      setInterval(() => socket.send(new Uint8Array(12)), 5000);
      return { socket, holding };
    });
    await Promise.all(sockets.map(({ holding }) => holding));
    Object.assign(globalThis, { sockets });
  });
  await startCamera(page);
  await shows(page, "problem.server-busy");
  await page.evaluate(() => {
    const { sockets } = globalThis as unknown as { sockets: { socket: WebSocket }[] };
    return Promise.all(
      sockets.map(({ socket }) => {
        const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
        socket.close();
        return closed;
      }),
    );
  });
  await page.getByRole("button", { name: en["action.retry"] }).click();
  await said(page).waitFor(PATIENT);
});

test("frames and pictures beyond the server's limits are sent smaller", async () => {
  const small = await serve("--limit", "max_frame=12000", "--limit", "max_body=12000");
  try {
    const page = await open({ mode: "server" }, undefined, small.url);
    const sent: number[] = [];
    page.on("websocket", (socket) =>
      socket.on("framesent", ({ payload }) => {
        sent.push(payload.length);
      }),
    );
    await startCamera(page);
    await said(page).waitFor(PATIENT);
    expect(Math.max(...sent)).toBeLessThanOrEqual(12_012); // id and time before the picture
    await page.getByRole("button", { name: en["source.stop"] }).click();
    await give(page, PORTRAIT);
    await said(page).waitFor(PATIENT);
    const download = page.waitForEvent("download");
    await page.getByTitle(en["export.json"]).first().click();
    const row = JSON.parse(readFileSync(await (await download).path(), "utf-8")) as FrameRow;
    const ours = JSON.parse(python("-m", "mien", "analyze", PORTRAIT, "--json")) as FrameRow;
    expect([row.width, row.height]).toEqual([ours.width, ours.height]);
    for (const [at, value] of (ours.faces[0]?.box ?? []).entries()) {
      // Found in a picture of fewer pixels: near, and by no means at half the place.
      expect(Math.abs((row.faces[0]?.box[at] ?? Number.NaN) - value)).toBeLessThan(20);
    }
  } finally {
    await small.stop();
  }
});

test("a newer page is offered, and taken when asked for", async () => {
  let newer = false;
  host = await between(served.url, (path, answer) =>
    newer && path === "/sw.js"
      ? { ...answer, body: Buffer.concat([answer.body, Buffer.from("\n// newer")]) }
      : answer,
  );
  opened = await visit(browser, host.url);
  const { page } = opened;
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    while (navigator.serviceWorker.controller === null) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
  expect(await page.getByText(en["update.text"]).count()).toBe(0);
  newer = true;
  await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
  await page.getByText(en["update.text"]).waitFor(PATIENT);
  const loaded = page.waitForEvent("load", PATIENT);
  await page.locator(".banner").getByRole("button", { name: en["update.reload"] }).click();
  await loaded;
  await page.getByText(en["source.title"]).waitFor(PATIENT);
  expect(await page.getByText(en["update.text"]).count()).toBe(0);
  const waiting = await page.evaluate(async () => (await navigator.serviceWorker.ready).waiting);
  expect(waiting).toBeNull();
});

test("a hidden page pauses, and goes on when it is seen", async () => {
  const page = await open();
  await startCamera(page);
  await said(page).waitFor(PATIENT);
  // A browser without a screen hides no page; this is what one says that does.
  const hide = (hidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, "hidden", { value, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  const filmed = () =>
    page
      .locator("video.frame")
      .evaluate((video) =>
        ((video as HTMLVideoElement).srcObject as MediaStream)
          .getVideoTracks()
          .map((track) => track.enabled),
      );
  await hide(true);
  const paused = page.getByRole("status").filter({ hasText: en["stage.paused"] });
  await paused.waitFor(PATIENT);
  expect(await filmed()).toEqual([false]);
  await hide(false);
  await paused.waitFor({ state: "detached", ...PATIENT });
  expect(await filmed()).toEqual([true]);
  await expect.poll(() => said(page).textContent(), PATIENT).toContain(en["label.happy"]);
});

test("a face that the model is not sure of is called so, with the reason", async () => {
  const path = files.at("blurred.png");
  const blur =
    "import sys; from PIL import Image, ImageFilter; " +
    "Image.open(sys.argv[1]).convert('RGB').filter(ImageFilter.GaussianBlur(8)).save(sys.argv[2])";
  python("-c", blur, PORTRAIT, path);
  const page = await open();
  await give(page, path);
  await page.locator(".face-unsure").waitFor(PATIENT);
  expect(await said(page).textContent()).toContain(en["faces.unsure"]);
  const why = en["faces.unsure.text"].split("{threshold}")[0] ?? "?";
  expect(await page.locator(".face-why").textContent()).toContain(why);
});

/** JavaScript heap in use after a full collection, in bytes. */
async function heap(devtools: CDPSession): Promise<number> {
  await devtools.send("HeapProfiler.collectGarbage");
  return (await devtools.send("Runtime.getHeapUsage")).usedSize;
}

/**
 * What 200 frames may add. Their rows are kept and the timeline fills, some 0.3 MB as measured; 5 kB
 * that each frame leaves behind are found.
 */
const GROWTH = 1_000_000;

test("memory stays flat over 600 frames of a camera", { timeout: 600_000 }, async () => {
  const page = await open({}, (page) =>
    page.addInitScript(() => {
      Object.assign(globalThis, { answered: 0 });
      const Plain = globalThis.Worker;
      globalThis.Worker = class extends Plain {
        constructor(...given: ConstructorParameters<typeof Worker>) {
          super(...given);
          this.addEventListener("message", ({ data }) => {
            (globalThis as unknown as { answered: number }).answered += data?.answer?.row ? 1 : 0;
          });
        }
      };
    }),
  );
  const devtools = await page.context().newCDPSession(page);
  await startCamera(page);
  const sizes: number[] = [];
  for (const frames of [200, 400, 600]) {
    await page.waitForFunction(
      (count) => (globalThis as unknown as { answered: number }).answered >= count,
      frames,
      { timeout: 200_000, polling: 250 },
    );
    sizes.push(await heap(devtools));
  }
  const [, second, third] = sizes as [number, number, number];
  console.log(`heap in MB: ${sizes.map((bytes) => (bytes / 1e6).toFixed(2)).join(", ")}`);
  expect(third - second).toBeLessThan(GROWTH);
});
