import { describe, expect, it } from "vitest";
import { facesOf } from "../../../src/vision/faces";
import type { FrameRow } from "../../../src/vision/row";
import { frameRow, inMillionths, rounded, storable } from "../../../src/vision/rows";
import { scoresOf, topOf } from "../../../src/vision/scores";
import { floats, golden } from "./golden";

interface Case {
  time: number | null;
  given: {
    boxes: number[];
    scores: number[];
    landmarks: (number | null)[];
    tracks: number[];
    detected: boolean[];
    logits: number[];
  };
  row: FrameRow;
}

const python = golden<{
  temperature: number;
  threshold: number;
  labels: string[];
  cases: Case[];
  rounded: { value: number; digits: number; rounded: number }[];
}>("rows");

function readingOf({ given, time }: Case) {
  const { labels, temperature, threshold } = python;
  const scores = scoresOf(floats(given.logits), labels, temperature, threshold);
  const shown = given.scores.map((_, row) => topOf(given.logits.slice(4 * row, 4 * row + 4)));
  const faces = facesOf({
    boxes: floats(given.boxes),
    scores: floats(given.scores),
    landmarks: floats(given.landmarks),
    tracks: Int32Array.from(given.tracks),
    detected: given.detected,
  });
  return { faces, scores, smoothed: time === null ? null : { scores, shown } };
}

function factsOf({ row, time }: Case) {
  const { model, source, frame, width, height } = row;
  return { model, source, frame, width, height, timeS: time };
}

describe("rows, as Python has them", () => {
  it.each(python.cases)("of $row.frame faces", (given) => {
    expect(frameRow(readingOf(given), factsOf(given))).toEqual(given.row);
  });

  it("rounds the same numbers to the same decimals, halves to even", () => {
    const got = python.rounded.map(({ value, digits }) => rounded(value, digits));
    expect(got).toEqual(python.rounded.map((each) => each.rounded));
  });
});

describe("frameRow", () => {
  it("refuses scores of other faces", () => {
    const [none, , three] = python.cases as [Case, Case, Case];
    const mixed = { ...readingOf(three), scores: readingOf(none).scores };
    expect(() => frameRow(mixed, factsOf(three))).toThrow("scores of 3 faces, got 0");
  });

  it("writes probabilities that sum to 1 and keep their order", () => {
    const written = inMillionths([1 / 3, 1 / 3 + 1e-9, 1 / 3 - 1e-9]);
    expect(written.map((value) => Math.round(value * 1e6))).toEqual([333333, 333334, 333333]);
  });

  it("shows lone surrogates, and keeps pairs", () => {
    expect(storable("caf\udce9 \u{1f600}.jpg")).toBe("caf\\udce9 \u{1f600}.jpg");
  });
});
