/**
 * Boxes: flat Float32Arrays, x1 y1 x2 y2 per box, in pixels; an edge lies between pixels, pixel i
 * covers i to i + 1. The port of `mien.core.boxes`: every step is rounded to float32 there, so it
 * is here, and both keep the same boxes.
 */

import { InputError } from "./errors";

const { fround, min, max } = Math;

/** Areas in square pixels; a box turned inside out has area 0. */
export function area(boxes: Float32Array): Float32Array {
  const out = new Float32Array(count(boxes, "boxes"));
  for (let i = 0; i < out.length; i++) out[i] = areaOf(boxes, i);
  return out;
}

/** Intersection over union of every box of `a` with every box of `b`, row by row of `a`. */
export function iou(a: Float32Array, b: Float32Array): Float32Array {
  const rows = count(a, "a");
  const columns = count(b, "b");
  const out = new Float32Array(rows * columns);
  const first = area(a);
  const second = area(b);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const shared = sharedArea(a, i, b, j);
      const both = fround((first[i] as number) + (second[j] as number));
      const union = fround(both - shared);
      out[i * columns + j] = union > 0 ? shared / union : 0;
    }
  }
  return out;
}

/**
 * Greedy non-maximum suppression: indices of the kept boxes, highest score first.
 *
 * A box is dropped when it overlaps a kept one by more than `threshold`; equal scores keep the
 * order they came in.
 *
 * @param over What the shared area is divided by: the union, or the smaller of the two boxes,
 *   which also drops a box inside another.
 * @throws InputError If lengths disagree, a value is not finite or the threshold is not in [0, 1].
 */
export function nms(
  boxes: Float32Array,
  scores: Float32Array,
  threshold: number,
  over: "union" | "smaller" = "union",
): number[] {
  const boxCount = count(boxes, "boxes");
  if (scores.length !== boxCount || !scores.every(Number.isFinite)) {
    throw new InputError(`scores must be ${boxCount} finite numbers, got ${scores.length}`);
  }
  if (!(threshold >= 0 && threshold <= 1)) {
    throw new InputError(`threshold must lie in [0, 1], got ${threshold}`);
  }
  const areas = area(boxes);
  const limit = fround(threshold);
  const kept: number[] = [];
  for (const candidate of bestFirst(scores)) {
    const overlaps = kept.some((one) => {
      const shared = sharedArea(boxes, one, boxes, candidate);
      const mine = areas[one] as number;
      const its = areas[candidate] as number;
      const whole = over === "smaller" ? min(mine, its) : fround(fround(mine + its) - shared);
      // Multiplied, not divided: boxes without area overlap nothing and survive.
      return shared > fround(limit * whole);
    });
    if (!overlaps) kept.push(candidate);
  }
  return kept;
}

/** Indices by falling score; equal scores keep their order. */
export function bestFirst(scores: Float32Array): number[] {
  return Array.from(scores.keys()).sort((a, b) => (scores[b] as number) - (scores[a] as number));
}

/** Boxes cut to a picture of `width` x `height`. */
export function clipped(boxes: Float32Array, width: number, height: number): Float32Array {
  count(boxes, "boxes");
  return boxes.map((edge, at) => min(max(edge, 0), at % 2 ? height : width));
}

/** Squares with the same centres, as wide as the longer side. */
export function squared(boxes: Float32Array): Float32Array {
  const out = new Float32Array(boxes.length);
  for (let i = 0; i < count(boxes, "boxes"); i++) {
    const [x1, y1, x2, y2] = boxAt(boxes, i);
    const x = fround(fround(x1 + x2) / 2);
    const y = fround(fround(y1 + y2) / 2);
    const half = max(fround(x2 - x1), fround(y2 - y1), 0) / 2;
    out.set([x - half, y - half, x + half, y + half], 4 * i);
  }
  return out;
}

/** x1 y1 x2 y2 of box `i`. */
export function boxAt(boxes: ArrayLike<number>, i: number): [number, number, number, number] {
  const at = 4 * i;
  return [boxes[at], boxes[at + 1], boxes[at + 2], boxes[at + 3]] as [
    number,
    number,
    number,
    number,
  ];
}

function count(boxes: Float32Array, name: string): number {
  if (boxes.length % 4) {
    throw new InputError(`${name} must have four numbers per box, got ${boxes.length} in all`);
  }
  if (!boxes.every(Number.isFinite)) {
    throw new InputError(`${name} must be finite; leave out NaN and infinite ones first`);
  }
  return boxes.length / 4;
}

function areaOf(boxes: Float32Array, i: number): number {
  const [x1, y1, x2, y2] = boxAt(boxes, i);
  return fround(max(fround(x2 - x1), 0) * max(fround(y2 - y1), 0));
}

function sharedArea(a: Float32Array, i: number, b: Float32Array, j: number): number {
  const m = 4 * i;
  const n = 4 * j;
  const width = min(a[m + 2] as number, b[n + 2] as number) - max(a[m] as number, b[n] as number);
  const height =
    min(a[m + 3] as number, b[n + 3] as number) - max(a[m + 1] as number, b[n + 1] as number);
  return fround(max(fround(width), 0) * max(fround(height), 0));
}
