import { describe, expect, it } from "vitest";
import { DETECTION, Mtcnn } from "../../../src/vision/mtcnn";
import { expectNear, golden } from "./golden";
import { madeGraphs } from "./made-graphs";

interface Case {
  height: number;
  width: number;
  blind: boolean;
  options: { min_face: number; threshold: number; max_faces: number; long_side: number };
  calls: unknown[];
  found: { boxes: number[]; scores: number[]; landmarks: number[] };
}

function black(width: number, height: number) {
  return { width, height, data: new Uint8Array(3 * width * height) };
}

describe("the cascade, as Python has it", () => {
  it.each(golden<Case[]>("detection"))(
    "finds the same in $width x $height, blind: $blind",
    async ({ height, width, blind, options, calls, found }) => {
      const made = madeGraphs(blind);
      const detector = new Mtcnn(made.graphs, {
        minFace: options.min_face,
        threshold: options.threshold,
        maxFaces: options.max_faces,
        longSide: options.long_side,
      });
      const faces = await detector.detect(black(width, height));
      expect(made.calls).toEqual(calls);
      expectNear(faces.scores, found.scores, 1e-7);
      expectNear(faces.boxes, found.boxes, 1e-4);
      expectNear(faces.landmarks, found.landmarks, 1e-4);
    },
  );

  it("has the defaults of Python", () => {
    const [first] = golden<Case[]>("detection") as [Case];
    const { min_face, threshold, max_faces, long_side } = first.options;
    expect(DETECTION).toEqual({
      minFace: min_face,
      threshold,
      maxFaces: max_faces,
      longSide: long_side,
    });
  });

  it("finds nobody where the networks see nothing", async () => {
    const { graphs } = madeGraphs(true);
    const calls: string[] = [];
    const resize = {
      run: async () => {
        calls.push("resize");
        return { level: { data: new Uint8Array(3 * 40 * 40), dims: [40, 40, 3] } };
      },
    };
    const faces = await new Mtcnn({ ...graphs, resize }).detect(black(64, 64));
    expect(calls).toEqual(["resize"]);
    expect(faces.scores).toHaveLength(0);
  });
});
