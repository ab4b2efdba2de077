/** Rows of `mien.row/1` from faces and scores: the port of `frame_row` in `mien.core.rows`. */

import { InputError } from "./errors";
import { type Faces, hasLandmarks } from "./faces";
import type { FaceRow, FrameRow, Probabilities } from "./row";
import { isUncertain, lengthOf, rowOf, type Scores, topOf } from "./scores";
import type { Smoothed } from "./smoothing";

/** Probabilities are written in millionths. */
const UNITS = 1_000_000;

/** What one frame said: faces, raw scores and, where time was given, smoothed ones. */
export interface Reading {
  readonly faces: Faces;
  readonly scores: Scores;
  readonly smoothed: Smoothed | null;
}

export interface FrameFacts {
  readonly model: string;
  readonly source: string;
  readonly frame: number;
  /** Seconds; null for stills. */
  readonly timeS: number | null;
  readonly width: number;
  readonly height: number;
}

/**
 * The row of one frame; `label` and `uncertain` come from the smoothed scores where there are any.
 *
 * @throws InputError If faces and scores disagree in length.
 */
export function frameRow(reading: Reading, facts: FrameFacts): FrameRow {
  const { faces, scores, smoothed } = reading;
  for (const given of [scores, smoothed?.scores ?? scores]) {
    if (lengthOf(given) !== faces.scores.length) {
      throw new InputError(
        `expected scores of ${faces.scores.length} faces, got ${lengthOf(given)}`,
      );
    }
  }
  return {
    schema: "mien.row/1",
    model: storable(facts.model),
    source: storable(facts.source),
    frame: facts.frame,
    time_s: facts.timeS === null ? null : rounded(facts.timeS, 6),
    width: facts.width,
    height: facts.height,
    faces: Array.from(faces.scores.keys(), (row) => faceRow(reading, row)),
  };
}

/** Index of the label that a face is shown with. */
export function shownLabel({ scores, smoothed }: Reading, row: number): number {
  return smoothed === null ? topOf(rowOf(scores, row)) : (smoothed.shown[row] as number);
}

function faceRow(reading: Reading, row: number): FaceRow {
  const { faces, scores, smoothed } = reading;
  const track = faces.tracks[row] as number;
  const points = faces.landmarks.subarray(10 * row, 10 * row + 10);
  return {
    box: numbers(faces.boxes.subarray(4 * row, 4 * row + 4), 2) as unknown as FaceRow["box"],
    score: rounded(faces.scores[row] as number, 4),
    landmarks: hasLandmarks(faces, row) ? pairs(numbers(points, 2)) : null,
    track: track >= 0 ? track : null,
    detected: faces.detected[row] as boolean,
    probabilities: named(scores, row),
    smoothed: smoothed === null ? null : named(smoothed.scores, row),
    label: storable(scores.labels[shownLabel(reading, row)] as string),
    uncertain: isUncertain(smoothed?.scores ?? scores, row),
  };
}

function named(scores: Scores, row: number): Probabilities {
  const values = inMillionths(rowOf(scores, row));
  return Object.fromEntries(scores.labels.map((label, at) => [storable(label), values[at] ?? 0]));
}

/**
 * Probabilities as decimals of six digits that sum to 1 exactly, by largest remainder. Ties go to
 * the more probable label, so that rounding never changes which one is on top.
 */
export function inMillionths(probabilities: ArrayLike<number>): number[] {
  const values = Array.from(probabilities);
  const sum = values.reduce((a, b) => a + b);
  const exact = values.map((value) => (value / sum) * UNITS);
  const units = exact.map(Math.floor);
  const remainder = exact.map((value, at) => value - (units[at] as number));
  const missing = UNITS - units.reduce((a, b) => a + b);
  const order = Array.from(units.keys()).sort(
    (a, b) =>
      (remainder[b] as number) - (remainder[a] as number) ||
      (units[b] as number) - (units[a] as number),
  );
  for (const at of order.slice(0, Math.max(0, missing))) units[at] = (units[at] as number) + 1;
  return units.map((value) => value / UNITS);
}

/**
 * `value` with `digits` decimals, nearest to its exact binary value, ties to the even digit: what
 * Python's `round` gives.
 */
export function rounded(value: number, digits: number): number {
  // A binary number lies halfway between two decimals only if it is an odd multiple of this.
  const halves = value * 2 ** (digits + 1);
  if (!Number.isInteger(halves) || halves % 2 === 0) return Number(value.toFixed(digits));
  const power = 10 ** digits;
  const below = Math.floor(value * power);
  return (below % 2 === 0 ? below : below + 1) / power;
}

/** Text that every UTF-8 reader accepts: lone surrogates are shown as `\udce9`. */
export function storable(text: string): string {
  return text.replace(/\p{Surrogate}/gu, (lone) => `\\u${lone.charCodeAt(0).toString(16)}`);
}

function numbers(values: Float32Array, digits: number): number[] {
  return Array.from(values, (value) => rounded(value, digits));
}

function pairs(values: readonly number[]): [number, number][] {
  return Array.from({ length: values.length / 2 }, (_, at) => [
    values[2 * at] as number,
    values[2 * at + 1] as number,
  ]);
}
