import { describe, expect, it } from "vitest";
import { cropAffine, greyCrop, moved, partAround } from "../../../src/media/crop";
import { face } from "./rows";

const FRAME = { width: 640, height: 480 };
const POINTS = [
  [300, 200],
  [340, 204],
  [318, 222],
  [304, 244],
  [334, 246],
] as const;

/** RGBA of a picture whose grey levels follow a formula. */
function picture(width: number, height: number, level: (x: number, y: number) => number) {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const grey = level(x, y);
      data.set([grey, grey, grey, 255], 4 * (y * width + x));
    }
  }
  return { width, height, data };
}

/** The same picture without what lies outside a part. */
function partOf(
  whole: ReturnType<typeof picture>,
  { left, top, width, height }: ReturnType<typeof partAround>,
) {
  return picture(width, height, (x, y) => {
    return whole.data[4 * ((y + top) * whole.width + x + left)] as number;
  });
}

describe("the part around a face", () => {
  it("begins at even pixels and lies in the frame", () => {
    for (const box of [
      [301, 201, 381, 301],
      [-20, -10, 70, 90],
      [580, 400, 660, 500],
    ] as const) {
      const { left, top, width, height } = partAround(face({ box }), FRAME);
      expect([left % 2, top % 2]).toEqual([0, 0]);
      expect(left).toBeGreaterThanOrEqual(0);
      expect(top).toBeGreaterThanOrEqual(0);
      expect(left + width).toBeLessThanOrEqual(FRAME.width);
      expect(top + height).toBeLessThanOrEqual(FRAME.height);
    }
  });

  it("is small beside the frame, and follows the landmarks", () => {
    const { left, top, width, height } = partAround(
      face({ box: [280, 160, 360, 270], landmarks: POINTS }),
      FRAME,
    );
    expect(width * height).toBeLessThan(0.12 * FRAME.width * FRAME.height);
    for (const [x, y] of POINTS) {
      expect(x).toBeGreaterThan(left + 20);
      expect(x).toBeLessThan(left + width - 20);
      expect(y).toBeGreaterThan(top + 20);
      expect(y).toBeLessThan(top + height - 20);
    }
  });

  it.each([
    ["by its landmarks", { box: [280, 160, 360, 270], landmarks: POINTS }],
    ["by its box", { box: [280.4, 160.2, 361.7, 270.9] }],
    ["at the edge", { box: [590, -12, 655, 60] }],
    ["when it is large", { box: [4, 6, 470, 474] }],
  ] as const)("has the same crop as the frame, %s", (_, change) => {
    const level = (x: number, y: number) => (x * 7 + y * 13 + ((x * y) % 31)) % 256;
    const whole = picture(FRAME.width, FRAME.height, level);
    const one = face(change);
    const part = partAround(one, FRAME);
    const there = greyCrop(whole, cropAffine(one));
    const here = greyCrop(partOf(whole, part), cropAffine(moved(one, part)));
    const apart = here.map((value, at) => Math.abs(value - (there[at] as number)));
    expect(Math.max(...apart)).toBeLessThanOrEqual(1); // float32 rounds at another place
  });
});

describe("the crop", () => {
  it("of a 48-pixel picture is that picture", () => {
    const given = picture(48, 48, (x, y) => (x * 5 + y * 3) % 256);
    const grey = greyCrop(given, [24, 0, 23.5, 0, 24, 23.5]);
    expect([...grey]).toEqual([...given.data].filter((_, at) => at % 4 === 0));
  });

  it("weighs the colours as the model does", () => {
    const red = picture(48, 48, () => 0);
    for (let at = 0; at < red.data.length; at += 4) red.data[at] = 200;
    expect(greyCrop(red, [24, 0, 23.5, 0, 24, 23.5])[0]).toBe(60);
  });

  it("repeats the edge beyond the picture", () => {
    const given = picture(48, 48, (x) => (x < 24 ? 10 : 250));
    const grey = greyCrop(given, [24, 0, -100, 0, 24, 23.5]);
    expect(new Set(grey)).toEqual(new Set([10]));
  });
});
