/** What axe-core objects to. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf-8");

export async function objections(page: Page): Promise<string[]> {
  // Not by a script element, which the page's policy forbids.
  const { violations } = await page.evaluate<AxeResults>(`${AXE}; axe.run()`);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}
