/** axe-core finds nothing to object to, in any state, in light and dark, and keys do everything. */

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { en } from "../../src/texts/en";
import { objections } from "./axe";
import { browse, type Served, scratch, serve, type Visit, visit } from "./served";

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
  await opened?.close();
  opened = undefined;
});

const STATES: Record<string, (page: Page) => Promise<unknown>> = {
  start: (page) => page.getByText(en["source.title"]).waitFor(),
  camera: async (page) => {
    await page.keyboard.press("c");
    await page.locator(".face-said").first().waitFor({ timeout: 30_000 });
    await page.waitForTimeout(1500);
  },
  expressions: async (page) => {
    await page.keyboard.press("e");
    await page.getByRole("dialog").waitFor();
  },
  help: async (page) => {
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
  },
};

describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
  test("the first visit", async () => {
    opened = await visit(browser, served.url, { noted: false }, { colorScheme });
    await opened.page.getByRole("dialog").waitFor();
    expect(await objections(opened.page)).toEqual([]);
  });

  test.each(Object.entries(STATES))("%s", async (_, reach) => {
    opened = await visit(browser, served.url, {}, { colorScheme });
    await STATES.start?.(opened.page);
    await reach(opened.page);
    expect(await objections(opened.page)).toEqual([]);
  });

  test("a failure on a phone", async () => {
    const phone = { viewport: { width: 360, height: 740 }, colorScheme };
    opened = await visit(browser, served.url, { mode: "server" }, phone);
    const { page } = opened;
    await page.route("**/v1/model", (route) => route.abort());
    await page.reload();
    await page.keyboard.press("c");
    await page.locator(".problem").waitFor({ timeout: 30_000 });
    expect(await objections(page)).toEqual([]);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(wide).toBeLessThanOrEqual(360);
  });
});

test("every control can be reached and used by keys alone", async () => {
  opened = await visit(browser, served.url, { noted: false });
  const { page } = opened;
  const focused = () =>
    page.evaluate(
      () => document.activeElement?.closest("button, a, input, select")?.textContent ?? "",
    );
  const reach = async (name: string) => {
    for (let n = 0; n < 60 && !(await focused()).includes(name); n += 1) {
      await page.keyboard.press("Tab");
    }
    expect(await focused()).toContain(name);
  };
  await page.getByRole("dialog").waitFor();
  await reach(en["note.agree"]);
  await page.keyboard.press("Enter");
  await reach(en["source.camera"]);
  await page.keyboard.press("Enter");
  await page.locator(".face-said").first().waitFor({ timeout: 30_000 });
  await reach("JSON");
  await reach(en["source.stop"]);
  await page.keyboard.press("Enter");
  await page.getByText(en["source.title"]).waitFor();
});

test("what is seen is said, once", async () => {
  opened = await visit(browser, served.url);
  const { page } = opened;
  await STATES.start?.(page);
  await page.keyboard.press("c");
  const live = page.locator("[aria-live=polite]");
  await expect
    .poll(() => live.allTextContents(), { timeout: 30_000 })
    .toContainEqual(expect.stringContaining(en["label.happy"]));
});
