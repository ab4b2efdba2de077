/**
 * Pictures of the page in its states, with the fake reader: node tools/screenshots.mjs FOLDER
 *
 * Light and dark, phone and desktop. The camera shows assets/portrait.jpg (NASA, public domain).
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { launch } from "./browser.mjs";

const folder = process.argv[2];
if (folder === undefined) {
  console.error("expected the folder for the pictures: node tools/screenshots.mjs FOLDER");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const WEB = join(dirname(fileURLToPath(import.meta.url)), "..");
const PORTRAIT = join(WEB, "..", "assets", "portrait.jpg");
const CAMERA_BOX = [0.335, 0.09, 0.575, 0.47]; // where the face is in the camera's frame
const PICTURE_BOX = [0.335, 0.1, 0.575, 0.385]; // and in the portrait
const SMILING = { box: CAMERA_BOX, lead: "happy" };

const SIZES = {
  desktop: { viewport: { width: 1440, height: 900 }, deviceScaleFactor: 1 },
  phone: {
    viewport: { width: 360, height: 740 },
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
  },
};

const settle = (page) => page.waitForTimeout(400);
const camera = async (page, ms) => {
  await page.keyboard.press("c");
  await page.locator("video.frame:not([hidden])").waitFor();
  await page.waitForTimeout(ms);
};

const TEACHING = {
  ...SMILING,
  samples: { earlier: ["happy", "happy", "sad", "neutral", "neutral", "surprise"] },
};

/** Open the view, agree, and wait for the labels. */
const begin = async (page) => {
  await camera(page, 900);
  await page.keyboard.press("t");
  await page.locator(".consent-tick input").check();
  await page.locator(".consent-foot .button-primary").click();
  await page.locator(".label-button").first().waitFor();
  await page.locator(".labelling-frame .button-primary:enabled").waitFor();
};

/** Give as many labels, one frame after the other. */
const label = async (page, count) => {
  await begin(page);
  for (let key = 1; key <= count; key += 1) {
    await page.keyboard.press("t");
    await page.locator(".label-button:enabled").first().waitFor();
    await page.keyboard.press(String(key));
    await page.locator(".label-button:enabled").first().waitFor({ state: "detached" });
    await page.waitForTimeout(300);
  }
  await settle(page);
};

const view = async (page, index) => {
  await page.locator(".tab").nth(index).click();
  await page.locator(".thumb-empty").first().waitFor({ state: "detached" });
  await page.waitForTimeout(700);
};

const STATES = {
  "first-run": { noted: false, run: settle },
  start: { run: settle },
  camera: { fake: SMILING, run: (page) => camera(page, 7000) },
  heat: {
    fake: SMILING,
    settings: { heat: true, landmarks: true, bars: false },
    run: (page) => camera(page, 3000),
  },
  unsure: { fake: { box: CAMERA_BOX, unsure: true }, run: (page) => camera(page, 3000) },
  "no-face": { fake: { faces: 0 }, run: (page) => camera(page, 2500) },
  picture: {
    fake: { box: PICTURE_BOX, lead: "happy" },
    run: async (page) => {
      const chosen = page.waitForEvent("filechooser");
      await page.locator(".choice").nth(1).click();
      await (await chosen).setFiles(PORTRAIT);
      await page.waitForTimeout(900);
    },
  },
  loading: { fake: { loading: true }, run: (page) => camera(page, 1200) },
  error: { fake: { trouble: "wasm-blocked" }, run: settle },
  token: { fake: { trouble: "server-refused" }, settings: { mode: "server" }, run: settle },
  expressions: {
    run: async (page) => {
      await page.keyboard.press("e");
      await settle(page);
    },
  },
  help: {
    run: async (page) => {
      await page.keyboard.press("?");
      await settle(page);
    },
  },
  "teach-consent": {
    fake: TEACHING,
    run: async (page) => {
      await page.keyboard.press("t");
      await settle(page);
    },
  },
  "teach-label": {
    fake: TEACHING,
    run: async (page) => {
      await begin(page);
      await page.keyboard.press("t");
      await settle(page);
    },
  },
  "teach-kept-one": { fake: TEACHING, run: (page) => label(page, 1) },
  "teach-several": {
    fake: { ...TEACHING, faces: 3 },
    run: async (page) => {
      await begin(page);
      await page.keyboard.press("t");
      await settle(page);
    },
  },
  "teach-unsent": {
    fake: { ...TEACHING, samples: { trouble: { add: "lost" } } },
    run: (page) => label(page, 1),
  },
  "teach-kept": {
    fake: TEACHING,
    run: async (page) => {
      await label(page, 7);
      await view(page, 1);
    },
  },
  "teach-delete": {
    fake: TEACHING,
    run: async (page) => {
      await label(page, 2);
      await view(page, 1);
      await page.locator(".kept > .kept-head button").click();
      await settle(page);
    },
  },
  "teach-deleted": {
    fake: TEACHING,
    run: async (page) => {
      await label(page, 2);
      await view(page, 1);
      await page.locator(".kept > .kept-head button").click();
      await page.locator(".button-danger-strong").click();
      await settle(page);
    },
  },
  "teach-fit": {
    fake: TEACHING,
    run: async (page) => {
      await page.keyboard.press("t");
      await view(page, 2);
    },
  },
  "teach-german": {
    fake: TEACHING,
    settings: { language: "de" },
    run: (page) => label(page, 1),
  },
  "teach-bengali": {
    fake: TEACHING,
    settings: { language: "bn" },
    run: async (page) => {
      await page.keyboard.press("t");
      await settle(page);
    },
  },
  german: { fake: SMILING, settings: { language: "de" }, run: (page) => camera(page, 4000) },
  bengali: { fake: SMILING, settings: { language: "bn" }, run: (page) => camera(page, 4000) },
};

/** A file of Motion JPEG that Chromium takes for a camera. */
async function makeCamera(path) {
  const browser = await launch();
  const page = await browser.newPage();
  const portrait = readFileSync(PORTRAIT).toString("base64");
  const frame = await page.evaluate(async (data) => {
    const image = new Image();
    image.src = `data:image/jpeg;base64,${data}`;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = 640;
    canvas.height = 480;
    canvas.getContext("2d").drawImage(image, 0, -20, 640, 640);
    return canvas.toDataURL("image/jpeg", 0.95).split(",")[1];
  }, portrait);
  await browser.close();
  writeFileSync(path, Buffer.concat(Array(4).fill(Buffer.from(frame, "base64"))));
}

const scratch = mkdtempSync(join(tmpdir(), "mien-screenshots-"));
const only = process.argv.slice(3);
const server = await createServer({ root: WEB, logLevel: "error", server: { host: "127.0.0.1" } });
try {
  await server.listen();
  const clip = join(scratch, "camera.mjpeg");
  await makeCamera(clip);
  const browser = await launch([`--use-file-for-fake-video-capture=${clip}`]);
  const url = new URL("tests/fake/index.html", server.resolvedUrls.local[0]);
  for (const [name, state] of Object.entries(STATES)) {
    for (const [size, device] of Object.entries(SIZES)) {
      for (const colorScheme of ["light", "dark"]) {
        const file = `${name}-${size}-${colorScheme}.png`;
        if (only.length > 0 && !only.some((part) => file.includes(part))) {
          continue;
        }
        const context = await browser.newContext({
          ...device,
          colorScheme,
          permissions: ["camera"],
          locale: "en-GB",
        });
        await context.addInitScript(
          (settings) => {
            localStorage.setItem("mien.settings/1", JSON.stringify(settings));
          },
          { noted: state.noted ?? true, mirror: false, ...state.settings },
        );
        const page = await context.newPage();
        page.on("pageerror", (error) => console.error(`${file}: ${error.message}`));
        url.hash = JSON.stringify(state.fake ?? {});
        await page.goto(url.href);
        await page.locator(".stage").waitFor();
        await settle(page);
        await state.run(page);
        const dialog = await page.locator("dialog").count();
        await page.screenshot({ path: join(folder, file), fullPage: dialog === 0 });
        await context.close();
      }
    }
  }
  await browser.close();
} finally {
  await server.close();
  rmSync(scratch, { recursive: true });
}
