import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { csvLines, textCell } from "../../../src/app/csv";
import { RowLog } from "../../../src/app/rowlog";
import { fileStem, jsonLines } from "../../../src/app/saving";
import type { FrameRow } from "../../../src/vision/row";
import { row } from "./rows";

interface Golden {
  readonly labels: readonly string[];
  readonly rows: readonly FrameRow[];
}

const read = (name: string): string =>
  readFileSync(new URL(`./golden/${name}`, import.meta.url), "utf8");
const golden: Golden = JSON.parse(read("rows.json"));

describe("CSV", () => {
  it("equals the table that Python writes, byte by byte", () => {
    expect([...csvLines(golden.rows, golden.labels)].join("")).toBe(read("rows.csv"));
  });

  it("is the same after rows went through the log", () => {
    for (const given of golden.rows) {
      const log = new RowLog(given.source, golden.labels);
      log.add(given);
      expect([...csvLines(log.rows(), golden.labels)]).toEqual([
        ...csvLines([given], golden.labels),
      ]);
    }
  });

  it.each(["=1+1", "+1", "-1", "@SUM", "\uff1d1"])("never lets %j be a formula", (text) => {
    expect(textCell(text)).toBe(`'${text}`);
  });

  it("keeps text that only holds such a sign", () => {
    expect(textCell("a=b.png")).toBe("a=b.png");
  });

  it("shows what a terminal would obey", () => {
    expect(textCell("a\u0007\u0085\u{e0001}")).toBe("a\\x07\\x85\\U000e0001");
  });
});

describe("JSON lines", () => {
  it("have one row each, and no character that a terminal obeys", () => {
    const lines = [...jsonLines([{ ...row(0, []), source: "a\u202eb\u009b" }, row(1, [])])];
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(lines[0] as string).source).toBe("a\u202eb\u009b");
  });
});

describe("a file's name", () => {
  it.each([
    ["camera", "mien-camera"],
    ["../../etc/pass wd.png", "mien-etc-pass-wd"],
    ["ছবি ১.jpg", "mien-ছবি-১"],
    ["???.mp4", "mien-session"],
  ])("of %j is %j", (source, stem) => {
    expect(fileStem(source)).toBe(stem);
  });
});
