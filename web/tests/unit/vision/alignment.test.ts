import { describe, expect, it } from "vitest";
import { faceAffines, landmarkFit, pixelsPerCropPixel } from "../../../src/vision/alignment";
import { facesOf } from "../../../src/vision/faces";
import { expectNear, floats, golden } from "./golden";

const python = golden<{
  template: [number, number][];
  box_scale: number;
  boxes: number[];
  landmarks: (number | null)[];
  affines: number[];
  pixels_per_crop_pixel: number[];
}>("alignment");

describe("alignment, as Python has it", () => {
  const scores = new Float32Array(python.boxes.length / 4).fill(1);
  const faces = facesOf({
    boxes: floats(python.boxes),
    scores,
    landmarks: floats(python.landmarks),
  });
  const affines = faceAffines(faces, python.box_scale, python.template);

  it("lays the crop on the same place", () => {
    expectNear(affines.flat(), python.affines, 1e-4);
  });

  it("covers as many pixels", () => {
    expectNear(affines.map(pixelsPerCropPixel), python.pixels_per_crop_pixel, 1e-6);
  });

  it("refuses a template that is no triangle", () => {
    expect(() => landmarkFit(python.template.slice(1))).toThrow("three points, got 2");
  });
});
