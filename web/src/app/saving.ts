/** Files that the person saves. */

import type { FrameRow } from "../vision/row";

const TYPES = { csv: "text/csv;charset=utf-8", jsonl: "application/jsonl" } as const;
const BATCH = 2_000; // lines per part of the file

// Legal in JSON, but obeyed by terminals that show it; `encode_row` of Python escapes the same.
const UNSAFE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

export function* jsonLines(rows: Iterable<FrameRow>): Generator<string> {
  for (const row of rows) {
    const text = JSON.stringify(row).replace(
      UNSAFE,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    yield `${text}\n`;
  }
}

/** Part of a file name that every system takes, from the name of a source. */
export function fileStem(source: string): string {
  const stem = source.replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{M}\p{N}_-]+/gu, "-");
  return `mien-${stem.replace(/^-+|-+$/g, "").slice(0, 60) || "session"}`;
}

export function saveLines(lines: Iterable<string>, name: string, kind: keyof typeof TYPES): void {
  const parts: string[] = [];
  let batch: string[] = [];
  for (const line of lines) {
    batch.push(line);
    if (batch.length === BATCH) {
      parts.push(batch.join(""));
      batch = [];
    }
  }
  saveBlob(new Blob([...parts, ...batch], { type: TYPES[kind] }), name);
}

/** Hand a file to the browser's downloads. */
export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The download has its own reference once it began; see the File API, section 8.3.2.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
