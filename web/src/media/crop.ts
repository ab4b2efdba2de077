/** One face of a frame: the part of it that its crop touches, and the crop as grey levels. */

import { type Affine, CROP, faceAffines, pixelsPerCropPixel, TEMPLATE } from "../vision/alignment";
import { facesOf } from "../vision/faces";
import type { FaceRow } from "../vision/row";

/** Pixels of a frame, from `left` and `top` on. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Reach of the part over that of the crop: bundles whose crop is a little wider fit in, too. */
const MARGIN = 1.25;

// As in src/mien/data/crops.py.
const GREY = [0.299, 0.587, 0.114] as const;
const LEAST_SAMPLES = 2;
const APART = 2;

/** Where the crop of a face lies in its frame. */
export function cropAffine(face: Pick<FaceRow, "box" | "landmarks">): Affine {
  const faces = facesOf({
    boxes: Float32Array.from(face.box),
    scores: Float32Array.of(1),
    ...(face.landmarks && { landmarks: Float32Array.from(face.landmarks.flat()) }),
  });
  return faceAffines(faces, 1, TEMPLATE)[0] as Affine;
}

/**
 * The part of a frame to send so that the server cuts the same crop out of it.
 *
 * It begins at even pixels, because the server halves pictures of large faces, and has the border
 * that this takes (`window` in src/mien/runtime/packing.py).
 */
export function partAround(
  face: Pick<FaceRow, "box" | "landmarks">,
  frame: { readonly width: number; readonly height: number },
): Part {
  const [a, b, x, c, d, y] = cropAffine(face);
  const [left, right] = span(x, (Math.abs(a) + Math.abs(b)) * MARGIN, frame.width);
  const [top, bottom] = span(y, (Math.abs(c) + Math.abs(d)) * MARGIN, frame.height);
  return { left, top, width: right - left, height: bottom - top };
}

/** The face with its box and landmarks in pixels of a part of its frame. */
export function moved<F extends Pick<FaceRow, "box" | "landmarks">>(face: F, part: Part): F {
  const { left, top } = part;
  const [x1, y1, x2, y2] = face.box;
  return {
    ...face,
    box: [x1 - left, y1 - top, x2 - left, y2 - top],
    landmarks: face.landmarks?.map(([x, y]) => [x - left, y - top] as const) ?? null,
  };
}

/**
 * The 48 x 48 grey levels of a crop: the port of `cropped` in src/mien/data/crops.py. A large face
 * gets more samples per pixel instead of the halving that the server does first, so levels may
 * differ by a little.
 *
 * @param image RGBA.
 */
export function greyCrop(
  image: { readonly width: number; readonly height: number; readonly data: Uint8ClampedArray },
  affine: Affine,
): Uint8ClampedArray {
  const [a, b, c, d, e, f] = affine;
  const pixels = pixelsPerCropPixel(affine);
  const samples = Math.max(LEAST_SAMPLES, Math.ceil((pixels - 1) / APART));
  const spread = 1 - 1 / Math.max(pixels, 1);
  const along = Array.from({ length: CROP * samples }, (_, k) => {
    const centre = (2 * Math.floor(k / samples) + 1) / CROP - 1;
    return centre + (spread * (((k % samples) + 0.5) / samples - 0.5) * 2) / CROP;
  });
  const sums = new Float64Array(CROP * CROP);
  for (const [row, v] of along.entries()) {
    for (const [column, u] of along.entries()) {
      const at = Math.floor(row / samples) * CROP + Math.floor(column / samples);
      sums[at] = (sums[at] as number) + greyAt(image, a * u + b * v + c, d * u + e * v + f);
    }
  }
  return Uint8ClampedArray.from(sums, (sum) => Math.floor(sum / samples ** 2 + 0.5));
}

/** Grey level between pixels; beyond the edges they are repeated. */
function greyAt(image: Parameters<typeof greyCrop>[0], x: number, y: number): number {
  const { width, height, data } = image;
  const [across, down] = [within(x, width), within(y, height)];
  const [left, top] = [Math.floor(across), Math.floor(down)];
  const [right, below] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
  const grey = (column: number, row: number): number => {
    const at = 4 * (row * width + column);
    return (
      GREY[0] * (data[at] as number) +
      GREY[1] * (data[at + 1] as number) +
      GREY[2] * (data[at + 2] as number)
    );
  };
  const [u, v] = [across - left, down - top];
  const upper = grey(left, top) * (1 - u) + grey(right, top) * u;
  return upper * (1 - v) + (grey(left, below) * (1 - u) + grey(right, below) * u) * v;
}

function within(value: number, size: number): number {
  return Math.min(Math.max(value, 0), size - 1);
}

function span(centre: number, reach: number, size: number): [number, number] {
  const low = within(Math.floor(centre - reach) - 6, size);
  const even = low - (low % 2);
  return [even, Math.min(Math.max(Math.ceil(centre + reach) + 7, even + 1), size)];
}
