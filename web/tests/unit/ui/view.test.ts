import { describe, expect, it } from "vitest";
import { heatColour } from "../../../src/media/overlay";
import { FrameTimes } from "../../../src/media/recording";
import { unitOf } from "../../../src/media/shot";
import { boxOnCanvas, contained, toCanvas } from "../../../src/media/view";

const frame = { width: 640, height: 480 };

describe("the view", () => {
  it("shows the frame whole, in the middle", () => {
    const view = contained(frame, { width: 1000, height: 480 }, false);
    expect([view.left, view.top, view.width, view.height]).toEqual([180, 0, 640, 480]);
    expect(toCanvas(view, 640, 480)).toEqual([820, 480]);
  });

  it("mirrors across, and keeps boxes upright", () => {
    const view = contained(frame, { width: 320, height: 240 }, true);
    expect(toCanvas(view, 0, 0)).toEqual([320, 0]);
    expect(boxOnCanvas(view, [100, 50, 200, 150])).toEqual([220, 25, 50, 50]);
  });

  it("draws lines of the same weight on large and small frames", () => {
    expect(unitOf(1280, 720)).toBe(2);
    expect(unitOf(48, 48)).toBe(0.75);
  });
});

describe("the heat map", () => {
  it("is clear where the model does not look, and takes no impossible value", () => {
    expect(heatColour(0)[3]).toBe(0);
    expect(heatColour(2)).toEqual(heatColour(1));
    expect(heatColour(1)[3]).toBeGreaterThan(200);
  });
});

describe("the times of a recording", () => {
  const take = (times: FrameTimes, count: number, interval: number): void => {
    for (let i = 0; i < count; i += 1) {
      expect(times.judge(i * interval)).toBe("take");
    }
  };

  it("are taken once each", () => {
    const times = new FrameTimes();
    take(times, 10, 0.04);
    expect(times.judge(0.36)).toBe("again");
    expect(times.judge(0.2)).toBe("again");
  });

  it("with a gap send back, and what was missing is taken", () => {
    const times = new FrameTimes();
    take(times, 10, 0.04);
    expect(times.judge(0.48)).toBe("gap");
    expect(times.lastS).toBeCloseTo(0.36);
    expect([0.36, 0.4, 0.44, 0.48].map((timeS) => times.judge(timeS))).toEqual([
      "again",
      "take",
      "take",
      "take",
    ]);
  });

  it("with a gap of the recording's own go on at the second sight", () => {
    const times = new FrameTimes();
    take(times, 10, 0.04);
    expect([1, 1, 1.04].map((timeS) => times.judge(timeS))).toEqual(["gap", "take", "take"]);
  });

  it("are not doubted before their interval is known", () => {
    const times = new FrameTimes();
    expect([0, 0.1, 0.9].map((timeS) => times.judge(timeS))).toEqual(["take", "take", "take"]);
  });
});
