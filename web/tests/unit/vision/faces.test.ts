import { describe, expect, it } from "vitest";
import { facesAt, facesOf, hasLandmarks } from "../../../src/vision/faces";
import { floats } from "./golden";

const two = facesOf({ boxes: floats([0, 0, 1, 1, 2, 2, 4, 5]), scores: floats([0.5, 0.75]) });

describe("faces", () => {
  it("fills in what is not known", () => {
    expect(Array.from(two.tracks)).toEqual([-1, -1]);
    expect(two.detected).toEqual([true, true]);
    expect(hasLandmarks(two, 0)).toBe(false);
  });

  it("keeps columns together", () => {
    const second = facesAt(two, [1]);
    expect(Array.from(second.boxes)).toEqual([2, 2, 4, 5]);
    expect(Array.from(second.scores)).toEqual([0.75]);
    expect(second.landmarks).toHaveLength(10);
  });

  it.each([
    ["boxes", { boxes: floats([0, 0, 1]) }, "4 values, got 3"],
    ["boxes turned inside out", { boxes: floats([3, 0, 1, 1]) }, "x2 >= x1"],
    ["scores above 1", { scores: floats([1.5]) }, "[0, 1]"],
    ["infinite landmarks", { landmarks: new Float32Array(10).fill(1 / 0) }, "finite"],
    ["landmarks of others", { landmarks: new Float32Array(20) }, "10 values, got 20"],
  ])("refuses %s", (_, wrong, message) => {
    const right = { boxes: floats([0, 0, 1, 1]), scores: floats([0.5]) };
    expect(() => facesOf({ ...right, ...wrong })).toThrow(message);
  });
});
