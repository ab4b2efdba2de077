import { readFileSync } from "node:fs";
import { expect } from "vitest";

type Numbers = readonly (number | null)[];

/** A file of tests/golden, written by tools/make_web_goldens.py. */
export function golden<T>(name: string): T {
  const url = new URL(`../../golden/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as T;
}

/** float32 of a golden list, NaN where it has null. */
export function floats(values: Numbers): Float32Array {
  return Float32Array.from(values, (value) => value ?? Number.NaN);
}

/** Equal in length, and each number within `tolerance`; null stands for NaN. */
export function expectNear(got: ArrayLike<number>, wanted: Numbers, tolerance: number): void {
  expect(got.length).toBe(wanted.length);
  const far = Array.from(got, (value, at) => ({ at, value, wanted: wanted[at] })).filter(
    ({ value, wanted: target }) =>
      target === null || target === undefined
        ? !Number.isNaN(value)
        : !(Math.abs(value - target) <= tolerance),
  );
  expect(far).toEqual([]);
}
