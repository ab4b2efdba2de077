/** Calibrated probabilities of N faces over one label space: the port of `mien.core.scores`. */

import { InputError } from "./errors";

export interface Scores {
  readonly labels: readonly string[];
  /** N K: row by row, each row sums to 1. */
  readonly probabilities: Float32Array;
  /** Top probability below which a face is uncertain. */
  readonly threshold: number;
}

/**
 * Probabilities from logits divided by `temperature` (Guo et al., ICML 2017), in float64.
 *
 * @throws InputError If the temperature is not positive and finite, or a logit is not finite.
 */
export function softmax(logits: ArrayLike<number>, temperature: number): Float64Array {
  if (!(temperature > 0 && temperature < Number.POSITIVE_INFINITY)) {
    throw new InputError(`temperature must be finite and above 0, got ${temperature}`);
  }
  const z = Float64Array.from(logits);
  if (z.length === 0 || !z.every(Number.isFinite)) {
    throw new InputError("logits must be finite; the model or its input is damaged");
  }
  const highest = z.reduce((a, b) => Math.max(a, b));
  const powers = z.map((value) => Math.exp((value - highest) / temperature));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/**
 * Calibrate N x K logits.
 *
 * @throws InputError If there are not K for each face, or as `softmax`.
 */
export function scoresOf(
  logits: Float32Array,
  labels: readonly string[],
  temperature: number,
  threshold: number,
): Scores {
  const k = labels.length;
  if (k === 0 || logits.length % k) {
    throw new InputError(`expected ${k} logits per face, got ${logits.length} in all`);
  }
  const probabilities = new Float32Array(logits.length);
  for (let at = 0; at < logits.length; at += k) {
    probabilities.set(softmax(logits.subarray(at, at + k), temperature), at);
  }
  return { labels, probabilities, threshold };
}

/** How many faces. */
export function lengthOf(scores: Scores): number {
  return scores.probabilities.length / scores.labels.length;
}

/** The K probabilities of one face. */
export function rowOf(scores: Scores, row: number): Float32Array {
  const k = scores.labels.length;
  return scores.probabilities.subarray(row * k, (row + 1) * k);
}

/** Index of the largest value, the first of equal ones. */
export function topOf(values: ArrayLike<number>): number {
  let top = 0;
  for (let at = 1; at < values.length; at++) {
    if ((values[at] as number) > (values[top] as number)) top = at;
  }
  return top;
}

/** Whether the top probability of a face lies below the threshold. */
export function isUncertain(scores: Scores, row: number): boolean {
  const probabilities = rowOf(scores, row);
  return (probabilities[topOf(probabilities)] as number) < Math.fround(scores.threshold);
}
