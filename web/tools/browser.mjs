/** The browser of the tools: Chromium of the system, or the one that MIEN_CHROMIUM names. */

import { chromium } from "playwright-core";

/** @param flags Further flags of Chromium. */
export function launch(flags = []) {
  return chromium.launch({
    executablePath: process.env.MIEN_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      ...flags,
    ],
  });
}
