import { describe, expect, it } from "vitest";
import { isUncertain, type Scores } from "../../../src/vision/scores";
import { Smoother } from "../../../src/vision/smoothing";
import { expectNear, floats, golden } from "./golden";

interface Frame {
  time: number;
  tracks: number[];
  probabilities: number[];
  smoothed: number[];
  labels: string[];
  uncertain: boolean[];
}

const python = golden<{
  labels: string[];
  threshold: number;
  keep: number[];
  cases: { constant: number; forget_after: number; frames: Frame[] }[];
}>("smoothing");

function scores(probabilities: readonly number[]): Scores {
  const { labels, threshold } = python;
  return { labels, threshold, probabilities: floats(probabilities) };
}

describe("smoothing, as Python has it", () => {
  it.each(python.cases)("with a constant of $constant s", (given) => {
    const smoother = new Smoother(given.constant);
    given.frames.forEach((frame, at) => {
      const tracks = Int32Array.from(frame.tracks);
      const smoothed = smoother.update(scores(frame.probabilities), tracks, frame.time);
      if (at === given.forget_after) smoother.keep(python.keep);
      expectNear(smoothed.scores.probabilities, frame.smoothed, 1e-6);
      expect(smoothed.shown.map((label) => python.labels[label])).toEqual(frame.labels);
      expect(smoothed.shown.map((_, row) => isUncertain(smoothed.scores, row))).toEqual(
        frame.uncertain,
      );
    });
  });
});

describe("Smoother", () => {
  const one = scores([0.7, 0.1, 0.1, 0.1]);

  it("refuses time constants without sense", () => {
    expect(() => new Smoother(-1)).toThrow("0 s or more and finite, got -1");
    expect(() => new Smoother(Number.POSITIVE_INFINITY)).toThrow("finite");
  });

  it("refuses a track twice, other lengths and time that goes back", () => {
    const smoother = new Smoother(0.3);
    const two = scores([...one.probabilities, ...one.probabilities]);
    expect(() => smoother.update(two, Int32Array.of(1, 1), 0)).toThrow("got 1, 1");
    expect(() => smoother.update(one, Int32Array.of(1, 2), 0)).toThrow("1 faces but 2 tracks");
    smoother.update(one, Int32Array.of(1), 5);
    expect(() => smoother.update(one, Int32Array.of(1), 4)).toThrow("back to 4 s for track 1");
  });
});
