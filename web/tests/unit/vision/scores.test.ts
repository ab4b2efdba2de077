import { describe, expect, it } from "vitest";
import { isUncertain, scoresOf, softmax } from "../../../src/vision/scores";
import { expectNear, floats } from "./golden";

const labels = ["happy", "sad"];

describe("scores", () => {
  it("divides logits by the temperature", () => {
    const e = Math.exp(1);
    expectNear(softmax([2, 0], 2), [e / (e + 1), 1 / (e + 1)], 1e-15);
    expectNear(softmax([1e6, -1e6], 1), [1, 0], 0);
  });

  it("is uncertain below the threshold, judged in float32 as in Python", () => {
    const scores = scoresOf(floats([0, 0, 0, 3]), labels, 1, 0.6);
    expect([0, 1].map((row) => isUncertain(scores, row))).toEqual([true, false]);
    const exact = { labels, probabilities: floats([0.7, 0.3]), threshold: 0.7 };
    expect(isUncertain(exact, 0)).toBe(false);
  });

  it("refuses damaged logits and temperatures", () => {
    expect(() => softmax([Number.NaN], 1)).toThrow("logits must be finite");
    expect(() => softmax([1], 0)).toThrow("above 0, got 0");
    expect(() => scoresOf(floats([1, 2, 3]), labels, 1, 0)).toThrow("2 logits per face, got 3");
  });
});
