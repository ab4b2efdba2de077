/**
 * The box arithmetic between MTCNN's three networks (Zhang et al., IEEE SPL 23(10), 2016): the
 * port of `mien.runtime.detectors.cascade`, float32 step by step.
 */

import { bestFirst, boxAt, nms, squared } from "./boxes";
import { joined, roundHalfEven, rowsWhere, taken } from "./columns";

const { fround } = Math;

/** Height and width. */
export type Size = readonly [height: number, width: number];

/** P-Net's window and its step, in pixels of a level. */
const WINDOW = 12;
const STRIDE = 2;

/** Side of what R-Net and O-Net look at, in pixels. */
export const REFINE_SIDE = 24;
export const CONFIRM_SIDE = 48;

/** From one level of the pyramid to the next: about half the pixels. */
const FACTOR = 0.709;

/** Largest overlap of what is kept after each step; in the last one, over the smaller box. */
const SAME_LEVEL = 0.5;
export const ACROSS_LEVELS = 0.7;
export const REFINED = 0.7;
const CONFIRMED = 0.7;

/** Boxes that overlap more are taken for the same face until O-Net has seen the best of them. */
export const APART = 0.4;

/** O-Net's probability from which a box is looked at again, and how much closer. */
export const PLAUSIBLE = 0.6;
const CLOSER = 0.8;

/** Most candidates of a level, for R-Net and for O-Net, so that a texture has a bounded cost. */
const PER_LEVEL = 200;
export const PER_PICTURE = 300;
export const PER_CONFIRMATION = 128;

/** Least source pixels per pixel that a network looks at; both need sharp pictures. */
const SHARPNESS = 1.5;

/** N faces on their way through the cascade. */
export interface Found {
  readonly boxes: Float32Array;
  readonly scores: Float32Array;
  /** 10 N. */
  readonly landmarks: Float32Array;
}

/** N boxes that may hold a face, with the corrections a network asks for. */
export interface Candidates {
  readonly boxes: Float32Array;
  readonly scores: Float32Array;
  /** 4 N: in widths and heights of the boxes. */
  readonly offsets: Float32Array;
}

export const NOTHING_FOUND: Found = {
  boxes: new Float32Array(0),
  scores: new Float32Array(0),
  landmarks: new Float32Array(0),
};

export function foundAt(found: Found, rows: readonly number[]): Found {
  return {
    boxes: taken(found.boxes, rows, 4),
    scores: taken(found.scores, rows, 1),
    landmarks: taken(found.landmarks, rows, 10),
  };
}

export function candidatesAt(candidates: Candidates, rows: readonly number[]): Candidates {
  return {
    boxes: taken(candidates.boxes, rows, 4),
    scores: taken(candidates.scores, rows, 1),
    offsets: taken(candidates.offsets, rows, 4),
  };
}

export function allCandidates(parts: readonly Candidates[]): Candidates {
  return {
    boxes: joined(parts.map((part) => part.boxes)),
    scores: joined(parts.map((part) => part.scores)),
    offsets: joined(parts.map((part) => part.offsets)),
  };
}

/** The faces of `one`, then those of `other`. */
export function bothFound(one: Found, other: Found): Found {
  return {
    boxes: joined([one.boxes, other.boxes]),
    scores: joined([one.scores, other.scores]),
    landmarks: joined([one.landmarks, other.landmarks]),
  };
}

/** Those that score `threshold` or more. */
export function above(found: Found, threshold: number): Found {
  return foundAt(found, rowsAbove(found.scores, threshold));
}

/** Rows that score `threshold` or more, which is rounded to float32 as the scores are. */
export function rowsAbove(scores: Float32Array, threshold: number): number[] {
  return rowsWhere(scores.length, (row) => (scores[row] as number) >= fround(threshold));
}

/** Those whose longer side is `least` pixels or more. */
export function wide(found: Found, least: number): Found {
  const side = (row: number, axis: 0 | 1): number =>
    fround((found.boxes[4 * row + axis + 2] as number) - (found.boxes[4 * row + axis] as number));
  const keep = (row: number): boolean => Math.max(side(row, 0), side(row, 1)) >= fround(least);
  return foundAt(found, rowsWhere(found.scores.length, keep));
}

/** One box per face, best score first. */
export function distinct(found: Found): Found {
  return foundAt(found, nms(found.boxes, found.scores, CONFIRMED, "smaller"));
}

/**
 * Sizes of P-Net's levels, largest first; empty if the picture is smaller than a face.
 *
 * @param minFace Side in pixels of the smallest face to be found.
 */
export function pyramid([height, width]: Size, minFace: number): Size[] {
  const sizes: Size[] = [];
  for (let scale = WINDOW / minFace; Math.min(height, width) * scale >= WINDOW; scale *= FACTOR) {
    sizes.push([roundHalfEven(height * scale), roundHalfEven(width * scale)]);
  }
  return sizes;
}

/**
 * Windows of one level that may hold a face, in pixels of the picture.
 *
 * @param columns Windows in a row of the maps.
 * @param scale Level pixels per picture pixel, x and y.
 * @param threshold Least probability.
 */
export function proposals(
  probability: Float32Array,
  offsets: Float32Array,
  columns: number,
  scale: readonly [number, number],
  threshold: number,
): Candidates {
  let cells = rowsAbove(probability, threshold);
  if (cells.length > PER_LEVEL) {
    const order = bestFirst(taken(probability, cells, 1)).slice(0, PER_LEVEL);
    cells = order.sort((a, b) => a - b).map((at) => cells[at] as number);
  }
  const windows = new Float32Array(4 * cells.length);
  cells.forEach((cell, at) => {
    const x = (cell % columns) * STRIDE;
    const y = Math.floor(cell / columns) * STRIDE;
    const [sx, sy] = scale;
    windows.set([x / sx, y / sy, (x + WINDOW) / sx, (y + WINDOW) / sy], 4 * at);
  });
  const scores = taken(probability, cells, 1);
  const candidates = { boxes: windows, scores, offsets: taken(offsets, cells, 4) };
  return candidatesAt(candidates, nms(windows, scores, SAME_LEVEL));
}

/** Boxes with their edges moved by `offsets`, in widths and heights of the boxes. */
export function moved(boxes: Float32Array, offsets: Float32Array): Float32Array {
  return boxes.map((edge, at) => {
    const side = sideOf(boxes, Math.floor(at / 4), at % 2);
    return edge + fround((offsets[at] as number) * side);
  });
}

/** Points (10 per box) given as fractions of the boxes, in pixels. */
export function landmarksIn(boxes: Float32Array, points: Float32Array): Float32Array {
  return points.map((point, at) => {
    const row = Math.floor(at / 10);
    const corner = boxes[4 * row + (at % 2)] as number;
    return corner + fround(point * sideOf(boxes, row, at % 2));
  });
}

/** Squares around the same centres, `CLOSER` times the longer side. */
export function closer(boxes: Float32Array): Float32Array {
  const square = squared(boxes);
  return square.map((_, at) => {
    const row = Math.floor(at / 4);
    const low = square[4 * row + (at % 2)] as number;
    const high = square[4 * row + (at % 2) + 2] as number;
    const centre = fround(fround(low + high) / 2);
    const half = fround(fround(fround(high - low) / 2) * fround(CLOSER));
    return at % 4 < 2 ? centre - half : centre + half;
  });
}

/**
 * For each square, the smallest picture of the pyramid that is still sharp enough.
 *
 * @param scales Pixels of each level per picture pixel, falling; the first is the picture, 1.
 * @param side Pixels the network looks at.
 */
export function sources(boxes: Float32Array, scales: readonly number[], side: number): number[] {
  return Array.from({ length: boxes.length / 4 }, (_, row) => {
    const width = Math.max(sideOf(boxes, row, 0), fround(1e-6));
    const needed = fround((SHARPNESS * side) / width);
    return Math.max(scales.filter((scale) => fround(scale) >= needed).length - 1, 0);
  });
}

/** Width (axis 0) or height (axis 1) of a box. */
function sideOf(boxes: Float32Array, row: number, axis: number): number {
  const box = boxAt(boxes, row);
  return fround((box[axis + 2] as number) - (box[axis] as number));
}
