import { describe, expect, it } from "vitest";
import { facesOf } from "../../../src/vision/faces";
import { TRACKING, Tracker } from "../../../src/vision/tracking";
import { expectNear, floats, golden } from "./golden";

interface Frame {
  time: number;
  detected: boolean;
  boxes: number[];
  landmarks?: (number | null)[];
  tracks: number[];
  alive: number[];
}

const scenes = golden<{ name: string; frames: Frame[] }[]>("tracking");

function faceAt(x: number, y: number, side = 60) {
  return facesOf({
    boxes: floats([x - side / 2, y - side / 2, x + side / 2, y + side / 2]),
    scores: floats([0.9]),
  });
}

describe("tracks, as Python has them", () => {
  it.each(scenes)("$name", ({ frames }) => {
    const tracker = new Tracker();
    for (const frame of frames) {
      const faces = frame.detected
        ? tracker.update(
            facesOf({
              boxes: floats(frame.boxes),
              scores: new Float32Array(frame.boxes.length / 4).fill(0.875),
              ...(frame.landmarks && { landmarks: floats(frame.landmarks) }),
            }),
            frame.time,
          )
        : tracker.carry(frame.time, 640, 480);
      expect(Array.from(faces.tracks)).toEqual(frame.tracks);
      expect(tracker.alive).toEqual(frame.alive);
      expect(faces.detected).toEqual(frame.tracks.map(() => frame.detected));
      expectNear(faces.boxes, frame.boxes, 1e-4);
      if (frame.landmarks) expectNear(faces.landmarks, frame.landmarks, 1e-4);
    }
  });
});

describe("Tracker", () => {
  it("refuses time that goes back or is none", () => {
    const tracker = new Tracker();
    tracker.update(faceAt(100, 100), 1);
    expect(() => tracker.update(faceAt(100, 100), 0.9)).toThrow("got 0.9 s after 1 s");
    expect(() => tracker.carry(Number.NaN, 640, 480)).toThrow("order of time");
  });

  it("refuses options without sense", () => {
    expect(() => new Tracker({ ...TRACKING, reach: 0 })).toThrow("reach must be above 0");
    expect(() => new Tracker({ ...TRACKING, growth: 1 })).toThrow("growth must be above 1");
  });

  it("carries nobody whom the last detection did not find", () => {
    const tracker = new Tracker();
    tracker.update(faceAt(100, 100), 0);
    tracker.update(facesOf({ boxes: floats([]), scores: floats([]) }), 0.1);
    expect(tracker.carry(0.2, 640, 480).scores).toHaveLength(0);
    expect(tracker.alive).toEqual([0]);
  });
});
