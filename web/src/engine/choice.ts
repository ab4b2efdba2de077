/** Which runtime reads the model, from what was measured: pure, so that it can be tested. */

import type { GraphicsReason, GraphicsWish } from "./types";

/** Largest difference of a probability that is rounding: the bar that Python and page are held to. */
export const TOLERANCE = 1e-3;

/** Both runtimes on the same pictures. */
export interface Trial {
  /** Median milliseconds of the model step for one face. */
  readonly wasmMs: number;
  readonly webgpuMs: number;
  /** Between probabilities of the two on the same graph, the largest. */
  readonly difference: number;
}

/** The right answer goes before the fast one; what is not faster is not worth a change. */
export function judged(trial: Trial, wish: GraphicsWish): GraphicsReason {
  if (!(trial.difference <= TOLERANCE)) return "different"; // NaN too
  if (wish === "forced") return "forced";
  return trial.webgpuMs < trial.wasmMs ? "faster" : "slower";
}

/** Whether WebGPU reads the model after such a verdict. */
export function isUsed(reason: GraphicsReason): boolean {
  return reason === "faster" || reason === "forced";
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}
