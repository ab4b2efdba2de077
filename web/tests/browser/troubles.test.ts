/** Every failure that can be provoked has its own face, with what to do. */

import { readFileSync } from "node:fs";
import { get } from "node:http";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { en } from "../../src/texts/en";
import {
  between,
  browse,
  type Camera,
  PORTRAIT,
  type Served,
  scratch,
  serve,
  type Visit,
  visit,
} from "./served";

const files = scratch();
const browsers = new Map<string, Browser>();
let served: Served;
let opened: Visit | undefined;

beforeAll(async () => {
  served = await serve();
});

afterAll(async () => {
  await Promise.all([...browsers.values()].map((browser) => browser.close()));
  await served?.stop();
  files.remove();
});

afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

async function browserWith(camera: "clip" | "none" | "denied"): Promise<Browser> {
  const known = browsers.get(camera);
  if (known !== undefined) {
    return known;
  }
  const given: Camera = camera === "clip" ? { file: files.clip("camera.y4m") } : camera;
  const browser = await browse(given);
  browsers.set(camera, browser);
  return browser;
}

interface Way {
  readonly camera?: "clip" | "none" | "denied";
  readonly url?: string;
  readonly settings?: Record<string, unknown>;
  /** Before the page is loaded. */
  readonly prepare?: (page: Page) => Promise<unknown>;
}

/** A page without a service worker, so that every request can be tampered with. */
async function open({ camera = "clip", url, settings = {}, prepare }: Way): Promise<Page> {
  const browser = await browserWith(camera);
  opened = await visit(browser, `${url ?? served.url}/healthz`, settings);
  await opened.page.route("**/sw.js", (route) => route.abort());
  await prepare?.(opened.page);
  await opened.page.goto(url ?? served.url);
  return opened.page;
}

const startCamera = (page: Page) =>
  page
    .getByRole("button", { name: new RegExp(`^${en["source.camera"]}`) })
    .first()
    .click();

const shows = (page: Page, problem: keyof typeof en) =>
  page.locator(".problem h2", { hasText: en[problem] }).waitFor({ timeout: 30_000 });

async function give(page: Page, source: string, name: string, data: Buffer): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await page
    .getByRole("button", { name: new RegExp(`^${source}`) })
    .first()
    .click();
  await (await chooser).setFiles({ name, mimeType: "", buffer: data });
}

/** Make `getUserMedia` fail as a browser does. */
const refuse = (name: string) => (page: Page) =>
  page.addInitScript((error) => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("made", error));
  }, name);

test("no camera", async () => {
  const page = await open({ camera: "none" });
  await startCamera(page);
  await shows(page, "problem.no-camera");
});

test("the camera is denied", async () => {
  const page = await open({ camera: "denied" });
  await startCamera(page);
  await shows(page, "problem.camera-denied");
});

test("the camera is in use, and free when tried again", async () => {
  const page = await open({ prepare: refuse("NotReadableError") });
  await startCamera(page);
  await shows(page, "problem.camera-busy");
  await page.evaluate(() => {
    Reflect.deleteProperty(navigator.mediaDevices, "getUserMedia");
  });
  await page.getByRole("button", { name: en["action.retry"] }).click();
  await page.locator(".face-said").first().waitFor({ timeout: 30_000 });
});

test("the camera is unplugged", async () => {
  const page = await open({
    prepare: (page) =>
      page.addInitScript(() => {
        const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = async (wanted) => {
          const stream = await open(wanted);
          Object.assign(globalThis, { stream });
          return stream;
        };
      }),
  });
  await startCamera(page);
  await page.locator(".face-said").first().waitFor({ timeout: 30_000 });
  await page.evaluate(() => {
    const { stream } = globalThis as unknown as { stream: MediaStream };
    for (const track of stream.getTracks()) {
      track.stop(); // as a device that is gone: nothing comes any more, and the track says so
      track.dispatchEvent(new Event("ended"));
    }
  });
  await shows(page, "problem.camera-unplugged");
});

test("an address that is not secure has no camera, but reads pictures", async () => {
  const address = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === "IPv4" && !each.internal)?.address;
  if (address === undefined) {
    return; // a machine without a network has no such address
  }
  const open_to_all = await serve("--host", "0.0.0.0", "--insecure");
  try {
    const page = await open({ url: `http://${address}:${open_to_all.port}` });
    await startCamera(page);
    await shows(page, "problem.insecure-origin");
    await page.getByRole("button", { name: en["action.change"] }).click();
    await give(page, en["source.picture"], "a.jpg", readFileSync(PORTRAIT));
    await page.locator(".face-said").first().waitFor({ timeout: 30_000 });
  } finally {
    await open_to_all.stop();
  }
});

test("a model that is not there, and is when tried again", async () => {
  let gone = true;
  const host = await between(served.url, (path, answer) =>
    gone && path.endsWith("/model.int8.onnx") ? { ...answer, status: 404 } : answer,
  );
  try {
    const page = await open({ url: host.url });
    await shows(page, "problem.model-missing");
    gone = false;
    await page.getByRole("button", { name: en["action.retry"] }).click();
    await startCamera(page);
    await page.locator(".face-said").first().waitFor({ timeout: 30_000 });
  } finally {
    await host.stop();
  }
});

test("a model that was altered on the way", async () => {
  const host = await between(served.url, (path, answer) => {
    if (path.endsWith("/model.int8.onnx")) {
      answer.body[1000] = (answer.body[1000] ?? 0) ^ 1;
    }
    return answer;
  });
  try {
    const page = await open({ url: host.url });
    await shows(page, "problem.model-corrupt");
  } finally {
    await host.stop();
  }
});

test("WebAssembly is forbidden", async () => {
  const host = await between(served.url, (_, answer) => {
    const policy = answer.headers["content-security-policy"] ?? "";
    expect(policy).toContain("'wasm-unsafe-eval'");
    const strict = policy.replace(" 'wasm-unsafe-eval'", "");
    return { ...answer, headers: { ...answer.headers, "content-security-policy": strict } };
  });
  try {
    const page = await open({ url: host.url });
    await shows(page, "problem.wasm-blocked");
  } finally {
    await host.stop();
  }
});

test("the server is lost, and the device can go on", async () => {
  const other = await serve();
  try {
    const page = await open({ url: other.url, settings: { mode: "server" } });
    await startCamera(page);
    await page.locator(".face-said").first().waitFor({ timeout: 30_000 });
    other.process.kill("SIGKILL");
    await shows(page, "problem.server-lost");
  } finally {
    await other.stop();
  }
});

test("the server wants a token", async () => {
  const token = join(tmpdir(), `mien-token-${process.pid}`);
  const { rmSync, writeFileSync } = await import("node:fs");
  writeFileSync(token, "correct-horse-battery-staple-0123456789\n", { mode: 0o600 });
  const guarded = await serve("--token-file", token);
  try {
    const page = await open({ url: guarded.url, settings: { mode: "server" } });
    // The server refuses as soon as the page asks it, before any source is chosen.
    await shows(page, "problem.server-refused");
    await page.getByLabel(en["token.label"]).fill("correct-horse-battery-staple-0123456789");
    await page.getByRole("button", { name: en["token.send"] }).click();
    await startCamera(page);
    await page.locator(".face-said").first().waitFor({ timeout: 30_000 });
    const stored = await page.evaluate(() =>
      JSON.stringify({ ...localStorage, ...sessionStorage }),
    );
    expect(stored).not.toContain("battery");
  } finally {
    await guarded.stop();
    rmSync(token);
  }
});

test("an address that the server does not know as its own", async () => {
  const page = await open({
    settings: { mode: "server" },
    prepare: (page) =>
      page.route("**/v1/model", async (route) => {
        const { port } = served; // as a proxy that passes another name on
        const { status, body } = await asked(port, "mien.example");
        await route.fulfill({ status, body, contentType: "application/json" });
      }),
  });
  await shows(page, "problem.server-forbidden");
  expect(await page.getByLabel(en["token.label"]).count()).toBe(0);
});

/** What the server says to a request for its model under a name. */
function asked(port: number, host: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    get({ port, host: "localhost", path: "/v1/model", headers: { host } }, (answer) => {
      let body = "";
      answer.on("data", (part) => {
        body += part;
      });
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
    }).on("error", reject);
  });
}

test("a file that is no picture", async () => {
  const page = await open({});
  await give(page, en["source.picture"], "a.jpg", Buffer.from("this is no picture"));
  await shows(page, "problem.picture-unreadable");
});

test("a video that the browser cannot play", async () => {
  const page = await open({});
  await give(page, en["source.video"], "a.mp4", Buffer.from("this is no video, to be sure"));
  await shows(page, "problem.video-unplayable");
});

test("no face, and said so", async () => {
  const page = await open({});
  const blank = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(320, 240);
    canvas.getContext("2d")?.fillRect(0, 0, 320, 240);
    const blob = await canvas.convertToBlob();
    return [...new Uint8Array(await blob.arrayBuffer())];
  });
  await give(page, en["source.picture"], "blank.png", Buffer.from(blank));
  await page.getByText(en["faces.none"]).first().waitFor({ timeout: 30_000 });
  expect(await page.locator(".face-said").count()).toBe(0);
});
