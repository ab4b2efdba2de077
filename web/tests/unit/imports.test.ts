import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const WEB = fileURLToPath(new URL("../../", import.meta.url));

it("every folder below ui says in biome.json what it may not import", () => {
  const { overrides } = JSON.parse(readFileSync(`${WEB}biome.json`, "utf8"));
  const ruled = overrides.flatMap((rule: { includes: readonly string[] }) => rule.includes);
  const folders = readdirSync(`${WEB}src`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !["styles", "ui"].includes(entry.name))
    .map(({ name }) => `src/${name}/**`);
  expect(ruled.toSorted()).toEqual(folders.toSorted());
});
