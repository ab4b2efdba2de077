/** The graphics card: nothing of it before it is asked for, and what the page says of it then. */

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { en } from "../../src/texts/en";
import {
  between,
  browse,
  PORTRAIT,
  type Served,
  scratch,
  serve,
  type Visit,
  visit,
} from "./served";

const files = scratch();
const SWIFTSHADER = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"];
let served: Served;
let browser: Browser | undefined;
let host: Awaited<ReturnType<typeof between>> | undefined;
let opened: Visit | undefined;
let asked: string[] = [];

beforeAll(async () => {
  served = await serve();
});

afterAll(async () => {
  await served?.stop();
  files.remove();
});

afterEach(async () => {
  const { strangers, failures } = opened ?? { strangers: [], failures: [] };
  await opened?.close();
  await browser?.close();
  await host?.stop();
  opened = undefined;
  expect(strangers).toEqual([]);
  expect(failures).toEqual([]);
});

/** @param real Take SwiftShader for a card, which the page would not. */
async function open(flags: readonly string[] = [], real = false): Promise<Page> {
  asked = [];
  host = await between(served.url, (path, answer) => {
    asked.push(path);
    if (!real || !path.includes("/worker-")) return answer;
    const code = answer.body.toString().replaceAll("isFallbackAdapter", "isNotThere");
    return { ...answer, body: Buffer.from(code) };
  });
  browser = await browse("none", flags);
  opened = await visit(browser, host.url);
  return opened.page;
}

const box = (page: Page) => page.getByLabel(en["settings.graphics"]);
const ofCard = () => asked.filter((path) => /jspi|graphics/.test(path));

async function readPicture(page: Page): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await page
    .getByRole("button", { name: new RegExp(`^${en["source.picture"]}`) })
    .first()
    .click();
  await (await chooser).setFiles(PORTRAIT);
  const said = page.locator(".face-said").first();
  await expect.poll(() => said.textContent(), { timeout: 30_000 }).toContain(en["label.happy"]);
}

test("nothing of it is fetched unless it is switched on, nor where there is none", async () => {
  const page = await open();
  await readPicture(page);
  expect(await box(page).isChecked()).toBe(false);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  expect(asked.some((path) => path.endsWith("ort-wasm-simd-threaded.wasm"))).toBe(true);
  await box(page).click();
  await page.getByText(en["graphics.missing"]).waitFor({ timeout: 30_000 });
  await page.getByRole("button", { name: en["action.change"] }).click();
  await readPicture(page);
  expect(ofCard()).toEqual([]);
});

// SwiftShader takes minutes on a busy machine.
test("a card that is no faster is fetched for, tried and not used", async (context) => {
  const page = await open(SWIFTSHADER, true);
  const adapter = await page.evaluate(async () => Boolean(await navigator.gpu.requestAdapter()));
  if (!adapter) return context.skip("this browser gives no WebGPU adapter, not even SwiftShader");
  await readPicture(page);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  await page.reload(); // now the service worker answers, and keeps what the reader fetches
  await box(page).click();
  const said = page.getByText(/staying with WASM/);
  await said.waitFor({ timeout: 150_000 });
  console.log(await said.textContent()); // the figures, or that it took too long for a trial
  expect(ofCard().map((path) => path.split(".").slice(-2).join("."))).toEqual(
    expect.arrayContaining(["jspi.wasm", "jspi.mjs"]),
  );
  await readPicture(page);
  const kept = await page.evaluate(async () => {
    const names = (await caches.keys()).filter((name) => name.startsWith("mien-runtime"));
    const caught = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
    return caught.flat().map(({ url }) => url);
  });
  expect(kept.filter((url) => url.endsWith("jspi.wasm"))).toHaveLength(1);
}, 240_000);
