import { describe, expect, it } from "vitest";
import { assign } from "../../../src/vision/assignment";
import { golden } from "./golden";

interface Case {
  costs: (number | null)[][];
  pairs: [number, number][];
}

describe("assign", () => {
  it.each(golden<Case[]>("assignment"))("pairs $costs as Python does", ({ costs, pairs }) => {
    const filled = costs.map((row) => row.map((cost) => cost ?? Number.POSITIVE_INFINITY));
    expect(assign(filled)).toEqual(pairs);
  });

  it("pairs nothing where there is nothing", () => {
    expect(assign([])).toEqual([]);
    expect(assign([[], []])).toEqual([]);
    expect(assign([[Number.POSITIVE_INFINITY]])).toEqual([]);
  });

  it("refuses ragged rows and what is no cost", () => {
    expect(() => assign([[1, 2], [3]])).toThrow("rows of equal length");
    expect(() => assign([[Number.NaN]])).toThrow("must be finite");
    expect(() => assign([[Number.NEGATIVE_INFINITY]])).toThrow("must be finite");
  });
});
