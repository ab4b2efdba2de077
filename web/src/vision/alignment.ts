/**
 * From faces to affines: where in the picture the model's 48-pixel crop lies. An affine a b c d e
 * f maps crop coordinates in [-1, 1] to picture coordinates whose pixel centres are integers:
 * x = a u + b v + c, y = d u + e v + f. The port of `mien.core.alignment`.
 */

import { boxAt } from "./boxes";
import { InputError } from "./errors";
import type { Faces } from "./faces";

export type Affine = readonly [number, number, number, number, number, number];

/** Left eye, right eye and mouth centre in the crop, pixel centres at integers. */
export type Template = readonly (readonly [number, number])[];

/** Side of the model's crop in pixels: FER2013's own. */
export const CROP = 48;

/** Of FER2013's mean face; the card of a bundle names its own. */
export const TEMPLATE: Template = [
  [15, 17],
  [32, 17],
  [23.5, 37],
];

/** A crop by landmarks this much larger or smaller than its box is a failed landmark, not a face. */
const PLAUSIBLE = 2.5;

/** Both eyes, both corners of the mouth; the nose is not used. */
const USED = [0, 1, 3, 4];

/** Crop pixels (pixel centres at integers) to crop coordinates in [-1, 1]. */
function cropCoordinate(pixel: number): number {
  return (2 * pixel + 1) / CROP - 1;
}

/** Upright square of `scale` times the mean side, on the centre of the box. */
export function boxAffine(box: readonly [number, number, number, number], scale: number): Affine {
  const [x1, y1, x2, y2] = box;
  const half = ((x2 - x1 + y2 - y1) / 4) * scale;
  return [half, 0, (x1 + x2) / 2 - 0.5, 0, half, (y1 + y2) / 2 - 0.5];
}

/**
 * Makes the function from five landmarks (x y each) to the least-squares similarity of both eyes
 * and the mouth centre (Umeyama, PAMI 1991, in 2-D without reflection); NaN where a landmark is.
 *
 * @throws InputError If the template has not three points.
 */
export function landmarkFit(template: Template): (points: ArrayLike<number>) => Affine {
  if (template.length !== 3) {
    throw new InputError(`the template must have three points, got ${template.length}`);
  }
  const here = template.map(([x, y]) => [cropCoordinate(x), cropCoordinate(y)] as const);
  const middle = meanOf(here);
  const spread = here.map(([x, y]) => [x - middle[0], y - middle[1]] as const);
  const size = spread.reduce((sum, [x, y]) => sum + x * x + y * y, 0);
  return (points) => {
    const [left, right, one, other] = USED.map(
      (at) => [points[2 * at] as number, points[2 * at + 1] as number] as const,
    ) as [Point, Point, Point, Point];
    const anchors = [left, right, meanOf([one, other])].map(
      ([x, y]) => [x - 0.5, y - 0.5] as const,
    );
    // As complex numbers: turn = sum(goal conj(spread)) / sum |spread|^2.
    let real = 0;
    let imaginary = 0;
    anchors.forEach(([x, y], at) => {
      const [u, v] = spread[at] as Point;
      real += (x * u + y * v) / size;
      imaginary += (y * u - x * v) / size;
    });
    const [x, y] = meanOf(anchors);
    const c = x - (real * middle[0] - imaginary * middle[1]);
    const f = y - (real * middle[1] + imaginary * middle[0]);
    return [real, -imaginary, c, imaginary, real, f];
  };
}

type Point = readonly [number, number];

function meanOf(points: readonly Point[]): Point {
  const [x, y] = points.reduce(([a, b], [x, y]) => [a + x, b + y], [0, 0]);
  return [x / points.length, y / points.length];
}

/** Picture pixels that one crop pixel covers along a side. */
export function pixelsPerCropPixel([a, b, , d, e]: Affine): number {
  return (Math.sqrt(Math.abs(a * e - b * d)) * 2) / CROP;
}

/**
 * The crop of each face: from its landmarks where they are plausible, else from its box.
 *
 * @param boxScale Side of the crop over the mean side of a box.
 * @returns Affines rounded to float32.
 */
export function faceAffines(faces: Faces, boxScale: number, template: Template): Affine[] {
  const similarity = landmarkFit(template);
  return Array.from(faces.scores, (_, row) => {
    const upright = boxAffine(boxAt(faces.boxes, row), boxScale);
    const half = upright[0];
    const turned = similarity(faces.landmarks.subarray(10 * row, 10 * row + 10));
    const ratio = Math.hypot(turned[0], turned[3]) / Math.max(half, 1e-5);
    if (ratio > 1 / PLAUSIBLE && ratio < PLAUSIBLE) return inFloat32(turned);
    // A box without area has no crop; half a pixel keeps the affine invertible.
    return inFloat32(half > 0 ? upright : [0.5, 0, upright[2], 0, 0.5, upright[5]]);
  });
}

function inFloat32(affine: Affine): Affine {
  return affine.map(Math.fround) as unknown as Affine;
}
