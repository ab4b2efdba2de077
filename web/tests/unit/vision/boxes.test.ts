import { describe, expect, it } from "vitest";
import { area, clipped, iou, nms, squared } from "../../../src/vision/boxes";
import { InputError } from "../../../src/vision/errors";
import { expectNear, floats, golden } from "./golden";

interface Suppression {
  boxes: number[];
  scores: number[];
  threshold: number;
  union: number[];
  smaller: number[];
}

const python = golden<{
  a: number[];
  b: number[];
  area: number[];
  iou: number[];
  nms: Suppression[];
  clipped: number[];
  squared: number[];
}>("boxes");
const a = floats(python.a);

describe("boxes, as Python has them", () => {
  it("has the same areas and overlaps", () => {
    expect(area(a)).toEqual(floats(python.area));
    expectNear(iou(a, floats(python.b)), python.iou, 1e-9);
  });

  it.each(python.nms)("keeps the same boxes at $threshold", (given) => {
    const boxes = floats(given.boxes);
    const scores = floats(given.scores);
    expect(nms(boxes, scores, given.threshold)).toEqual(given.union);
    expect(nms(boxes, scores, given.threshold, "smaller")).toEqual(given.smaller);
  });

  it("clips and squares", () => {
    const moved = a.map((edge) => edge - 50);
    expect(clipped(moved, 300, 200)).toEqual(floats(python.clipped));
    expect(squared(a)).toEqual(floats(python.squared));
  });
});

describe("boxes that are none", () => {
  it("refuses three numbers, infinities and thresholds outside 0 to 1", () => {
    expect(() => area(floats([1, 2, 3]))).toThrow("four numbers per box, got 3");
    expect(() => iou(floats([0, 0, Number.POSITIVE_INFINITY, 1]), a)).toThrow(InputError);
    expect(() => nms(floats([0, 0, 1, 1]), floats([null]), 0.5)).toThrow("1 finite numbers");
    expect(() => nms(floats([0, 0, 1, 1]), floats([1, 2]), 0.5)).toThrow("got 2");
    expect(() => nms(floats([0, 0, 1, 1]), floats([1]), 1.5)).toThrow("[0, 1], got 1.5");
  });
});
