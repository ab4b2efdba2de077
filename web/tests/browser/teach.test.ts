/** Teaching by consent: what is sent, what is kept, and that what is deleted is gone. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { statementOf } from "../../src/app/statement";
import { en } from "../../src/texts/en";
import { wordsOf } from "../../src/texts/words";
import { objections } from "./axe";
import { browse, PORTRAIT, python, type Served, scratch, serve, type Visit, visit } from "./served";

const words = wordsOf("en");
const files = scratch();
const folder = mkdtempSync(join(tmpdir(), "mien-teach-"));
const SAMPLES = join(folder, "samples");
let served: Served;
let browser: Browser;
let opened: Visit | undefined;
let others: Served[] = [];

beforeAll(async () => {
  served = await serve("--collect", SAMPLES);
  browser = await browse({ file: files.clip("camera.y4m") });
});

afterAll(async () => {
  await browser?.close();
  await served?.stop();
  files.remove();
  rmSync(folder, { recursive: true });
});

afterEach(async () => {
  const { strangers, failures } = opened ?? { strangers: [], failures: [] };
  await opened?.close();
  opened = undefined;
  await Promise.all(others.map((other) => other.stop()));
  others = [];
  await fetch(`${served.url}/v1/samples`, { method: "DELETE" });
  expect(strangers).toEqual([]);
  expect(failures).toEqual([]);
});

/** A server beside the usual one, which ends with the test. */
async function also(...options: string[]): Promise<Served> {
  const other = await serve(...options);
  others.push(other);
  return other;
}

async function open(
  url: string = served.url,
  settings: object = {},
  options: Parameters<typeof visit>[3] = {},
): Promise<Page> {
  opened = await visit(browser, url, { ...settings }, options);
  await opened.page.getByText(en["source.title"]).waitFor();
  return opened.page;
}

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const dialog = (page: Page) => page.getByRole("dialog");

/** Requests that the interface of the server sees. */
function asked(page: Page): string[] {
  const requests: string[] = [];
  page.on("request", (request) => {
    if (request.url().includes("/v1/")) {
      requests.push(`${request.method()} ${new URL(request.url()).pathname}`);
    }
  });
  return requests;
}

async function givePortrait(page: Page): Promise<void> {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: new RegExp(`^${en["source.picture"]}`) }).click();
  await (await chooser).setFiles(PORTRAIT);
  await page.locator(".face-said").first().waitFor({ timeout: 30_000 });
}

async function startCamera(page: Page): Promise<void> {
  await page.keyboard.press("c");
  await page.locator(".face-said").first().waitFor({ timeout: 30_000 });
}

async function agree(page: Page): Promise<void> {
  await page.getByLabel(en["teach.agree"]).check();
  await button(page, en["teach.begin"]).click();
}

const label = (page: Page, name = "happy") => page.locator(`.label-button[data-label=${name}]`);
const says = (page: Page, text: string) => page.locator(".notice", { hasText: text }).waitFor();
const keptAs = (name: "happy" | "sad") =>
  words.t("teach.notice.kept", { label: words.label(name) });

interface Listed {
  samples: { id: string; label: string }[];
  sessions: { session: string; version: string }[];
}
const listed = async (url = served.url): Promise<Listed> =>
  (await fetch(`${url}/v1/samples`)).json() as Promise<Listed>;

/** All bytes that the server keeps. */
const onDisk = (): Buffer =>
  Buffer.concat(readdirSync(SAMPLES).map((name) => readFileSync(join(SAMPLES, name))));

/** What Python finds in the store: the levels of the only sample, and how far they are from the
 * crop that it makes itself of the portrait. */
function stored(): { levels: number[]; apart: number; words: string } {
  const script = join(folder, "stored.py");
  writeFileSync(
    script,
    `
import json, sys
import numpy as np
from pathlib import Path
from mien.runtime import Recognizer
from mien.server.samples import grey_crop
from mien.store.images import read_image
from mien.store.samples import SampleStore

with SampleStore(Path(sys.argv[1])) as store:
    (sample,), frames = store.everything()
    (session,) = store.sessions()
recognizer = Recognizer()
image = read_image(Path(sys.argv[2]))
faces = recognizer.read(image).faces
own = grey_crop(image, faces, recognizer.card.geometry)
apart = float(abs(own.astype(int) - frames[0]).mean())
print(json.dumps({"levels": frames[0].ravel().tolist(), "apart": apart, "words": session.words}))
`,
  );
  return JSON.parse(python(script, SAMPLES, PORTRAIT));
}

describe("without --collect", () => {
  test("there is nothing of it", async () => {
    const page = await open((await also()).url);
    const requests = asked(page);
    await givePortrait(page);
    expect(await button(page, en["teach.title"]).count()).toBe(0);
    await page.keyboard.press("t");
    expect(await dialog(page).count()).toBe(0);
    expect(requests).toEqual([]);
  });
});

test("a portrait is labelled, kept as it was shown, and deleted from the disk", async () => {
  const page = await open();
  const requests = asked(page);
  await givePortrait(page);
  await button(page, en["teach.title"]).click();
  await page.getByLabel(en["teach.agree"]).waitFor();
  expect(requests).toEqual([]); // on the device, nothing is sent before the person agrees
  await agree(page);
  await label(page).click();
  await says(page, keptAs("happy"));
  expect(requests.filter((line) => line.startsWith("POST"))).toEqual([
    "POST /v1/sessions",
    "POST /v1/samples",
  ]);

  const { samples, sessions } = await listed();
  expect(samples.map((sample) => sample.label)).toEqual(["happy"]);
  const shown = await page.locator("canvas.crop").evaluate((canvas: HTMLCanvasElement) => {
    const data = canvas.getContext("2d")?.getImageData(0, 0, 48, 48).data ?? [];
    return Array.from(data).filter((_, at) => at % 4 === 0);
  });
  const { levels, apart, words: agreed } = stored();
  expect(agreed).toBe(statementOf(words).words);
  expect(sessions.map(({ version }) => version)).toEqual([statementOf(words).version]);
  expect(levels).toHaveLength(48 * 48);
  const off = levels.map((level, at) => Math.abs(level - (shown[at] ?? Number.NaN)));
  expect(Math.max(...off)).toBeLessThanOrEqual(3);
  expect(apart).toBeLessThan(4); // the page found nearly the same landmarks

  const row = Buffer.from(levels.slice(20 * 48, 21 * 48));
  const session = sessions[0]?.session ?? "";
  expect(onDisk().includes(row)).toBe(true);
  await button(page, en["teach.view.kept"]).click();
  await page.getByAltText(words.t("teach.thumb", { label: "happy" })).waitFor();
  await button(page, en["teach.delete.all"]).click();
  await button(page, en["teach.delete.yes"]).click();
  await says(page, "1 crop, 1 session");
  await says(page, "models that were fitted to deleted samples are not changed");
  expect((await listed()).sessions).toEqual([]);
  expect(onDisk().includes(row)).toBe(false);
  expect(onDisk().includes(session)).toBe(false);
  expect(onDisk().includes(en["teach.say.whose"])).toBe(false);
  expect((await fetch(`${served.url}/v1/samples/${samples[0]?.id}`)).status).toBe(404);
  await button(page, en["teach.view.label"]).click();
  await page.getByLabel(en["teach.agree"]).waitFor(); // the consent is gone with it
});

test("only the part around the face leaves the page", async () => {
  const page = await open();
  await givePortrait(page);
  await page.keyboard.press("t");
  await agree(page);
  await page.evaluate(() => {
    const append = FormData.prototype.append;
    FormData.prototype.append = function (this: FormData, name: string, value: Blob) {
      if (value instanceof Blob) {
        void createImageBitmap(value).then(({ width, height }) => {
          document.body.dataset.sent = JSON.stringify([value.type, width, height]);
        });
      }
      append.call(this, name, value);
    } as typeof append;
  });
  await label(page).click();
  await says(page, keptAs("happy"));
  const sent = await page.evaluate(() => document.body.dataset.sent ?? "[]");
  const [type, width, height] = JSON.parse(sent) as [string, number, number];
  expect(type).toBe("image/png");
  expect(width * height).toBeLessThan(0.25 * 512 * 512); // the portrait has 512 x 512
  expect(Math.min(width, height)).toBeGreaterThan(80);
});

test("a camera is read by the server: frame by frame, with undo, to a full session", async () => {
  const collect = join(folder, "few");
  const few = await also("--collect", collect, "--limit", "max_session_samples=2");
  const page = await open(few.url, { mode: "server", mirror: true });
  await startCamera(page);
  await page.keyboard.press("t");
  await agree(page);
  for (const name of ["happy", "sad"] as const) {
    await button(page, en["teach.take"]).click();
    await label(page, name).click();
    await says(page, keptAs(name));
    await button(page, en["teach.take"]).waitFor(); // the next frame is live again
  }
  await button(page, en["teach.undo"]).click();
  await says(page, words.t("teach.notice.undone", { label: "sad" }));
  expect((await listed(few.url)).samples.map((sample) => sample.label)).toEqual(["happy"]);
  for (const name of ["neutral", "sad"]) {
    await button(page, en["teach.take"]).click();
    await label(page, name).click();
    await page.locator(".notice, .teach-problem").first().waitFor();
    await page.waitForTimeout(500);
  }
  await page.getByText(en["teach.problem.session-full"]).waitFor();
  await button(page, en["teach.session.new"]).click();
  await agree(page);
  await button(page, en["teach.resend"]).click();
  await says(page, keptAs("sad"));
  const { samples, sessions } = await listed(few.url);
  expect([samples.length, sessions.length]).toEqual([3, 2]);
});

test("a lost network loses no label", async () => {
  const page = await open();
  await givePortrait(page);
  await page.keyboard.press("t");
  await agree(page);
  await label(page).waitFor();
  await page.context().setOffline(true);
  await label(page).click();
  await page.getByText(en["teach.problem.lost"]).waitFor();
  await page.context().setOffline(false);
  await button(page, en["teach.resend"]).click();
  await says(page, keptAs("happy"));
  expect((await listed()).samples).toHaveLength(1);
});

test("a session that was deleted elsewhere has no consent any more", async () => {
  const page = await open();
  await button(page, en["teach.title"]).click();
  await agree(page);
  const chooser = page.waitForEvent("filechooser"); // the source can be chosen in the view, too
  await dialog(page)
    .getByRole("button", { name: new RegExp(`^${en["source.picture"]}`) })
    .click();
  await (await chooser).setFiles(PORTRAIT);
  await label(page).waitFor();
  await fetch(`${served.url}/v1/samples`, { method: "DELETE" });
  await label(page).click();
  await page.getByText(en["teach.problem.consent"]).waitFor();
  await agree(page);
  await button(page, en["teach.resend"]).click();
  await says(page, keptAs("happy"));
});

test("a token is asked for once, and thumbnails come with it", async () => {
  const token = "made-for-this-test-only";
  const file = join(folder, "token");
  writeFileSync(file, token, { mode: 0o600 });
  const guarded = await also("--collect", join(folder, "guarded"), "--token-file", file);
  const page = await open(guarded.url);
  await givePortrait(page);
  await page.keyboard.press("t");
  await agree(page);
  await page.getByLabel(en["token.label"]).fill(token);
  await button(page, en["token.send"]).click();
  await label(page).click();
  await says(page, keptAs("happy"));
  await button(page, en["teach.view.kept"]).click();
  const thumb = page.getByAltText(words.t("teach.thumb", { label: "happy" }));
  await thumb.waitFor();
  expect(await thumb.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(48);
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain(token);
});

test("keys alone do all of it", async () => {
  const page = await open();
  await startCamera(page);
  await page.keyboard.press("t");
  await dialog(page).waitFor();
  const focused = () =>
    page.evaluate(() => {
      const at = document.activeElement;
      return at?.getAttribute("aria-label") ?? at?.closest("label, button")?.textContent ?? "";
    });
  const reach = async (name: string) => {
    for (let n = 0; n < 40 && !(await focused()).includes(name); n += 1) {
      await page.keyboard.press("Tab");
    }
    expect(await focused()).toContain(name);
  };
  await reach(en["teach.agree"]);
  await page.keyboard.press("Space");
  await reach(en["teach.begin"]);
  await page.keyboard.press("Enter");
  await label(page).waitFor();
  await page.keyboard.press("t");
  await page.locator(".label-button:enabled").first().waitFor();
  await page.keyboard.press("4");
  await says(page, keptAs("happy"));
  expect(await focused()).toContain(en["teach.take"]);
  await reach(en["teach.view.kept"]);
  await page.keyboard.press("Enter");
  await reach(en["teach.delete.all"]);
  await page.keyboard.press("Enter");
  expect(await focused()).toContain(en["teach.delete.no"]); // the safe one
  await reach(en["teach.delete.yes"]);
  await page.keyboard.press("Enter");
  await says(page, "1 crop, 1 session");
  expect((await listed()).samples).toEqual([]);
  await page.keyboard.press("Escape");
  await expect.poll(() => dialog(page).count()).toBe(0);
});

describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
  test("axe-core finds nothing, and nothing is too wide for a phone", async () => {
    const phone = { viewport: { width: 360, height: 740 }, colorScheme };
    const page = await open(served.url, {}, phone);
    await givePortrait(page);
    await page.keyboard.press("t");
    const sound = async () => {
      await page.waitForTimeout(300);
      expect(await objections(page)).toEqual([]);
      const [inner, room] = await dialog(page).evaluate((element) => [
        element.scrollWidth,
        element.clientWidth,
      ]);
      expect(inner).toBeLessThanOrEqual(room ?? 0);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThan(361);
    };
    await sound();
    await agree(page);
    await label(page).waitFor();
    await sound();
    await page.context().setOffline(true);
    await label(page).click();
    await page.getByText(en["teach.problem.lost"]).waitFor();
    await sound();
    await page.context().setOffline(false);
    await button(page, en["teach.resend"]).click();
    await says(page, keptAs("happy"));
    await sound();
    await button(page, en["teach.view.kept"]).click();
    await page.getByAltText(words.t("teach.thumb", { label: "happy" })).waitFor();
    await sound();
    await button(page, en["teach.delete.all"]).click();
    await sound();
    await button(page, en["teach.delete.yes"]).click();
    await says(page, "1 crop, 1 session");
    await sound();
    await button(page, en["teach.view.fit"]).click();
    await sound();
  });
});
