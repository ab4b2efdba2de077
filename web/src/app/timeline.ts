/** The last half minute of every face, in rings of fixed size. */

import type { FrameRow } from "../vision/row";

export const SPAN_S = 30;

/** Between two samples of one face; also what bounds a ring. */
export const STEP_S = 0.1;

/** Faces that have a line; beyond that the one seen longest ago loses its own. */
export const MAX_LINES = 12;

const CAPACITY = Math.ceil(SPAN_S / STEP_S) + 1;

export interface Sample {
  readonly timeS: number;
  /** K values from 0 to 1; a view into the ring. */
  readonly values: Float32Array;
  readonly uncertain: boolean;
}

class Ring {
  readonly #times = new Float64Array(CAPACITY);
  readonly #values: Float32Array;
  readonly #uncertain = new Uint8Array(CAPACITY);
  readonly #width: number;
  #next = 0;
  #count = 0;

  constructor(width: number) {
    this.#width = width;
    this.#values = new Float32Array(CAPACITY * width);
  }

  get lastS(): number {
    return this.#count === 0
      ? Number.NEGATIVE_INFINITY
      : (this.#times[(this.#next + CAPACITY - 1) % CAPACITY] as number);
  }

  push(timeS: number, values: readonly number[], uncertain: boolean): void {
    this.#times[this.#next] = timeS;
    this.#values.set(values, this.#next * this.#width);
    this.#uncertain[this.#next] = uncertain ? 1 : 0;
    this.#next = (this.#next + 1) % CAPACITY;
    this.#count = Math.min(this.#count + 1, CAPACITY);
  }

  *samples(fromS: number): Generator<Sample> {
    for (let i = CAPACITY - this.#count; i < CAPACITY; i += 1) {
      const at = (this.#next + i) % CAPACITY;
      const timeS = this.#times[at] as number;
      if (timeS >= fromS) {
        yield {
          timeS,
          values: this.#values.subarray(at * this.#width, (at + 1) * this.#width),
          uncertain: this.#uncertain[at] === 1,
        };
      }
    }
  }
}

export class Timeline {
  readonly labels: readonly string[];
  readonly #lines = new Map<number, Ring>();
  #nowS = 0;

  constructor(labels: readonly string[]) {
    this.labels = labels;
  }

  /** Time of the newest frame, in seconds of the source. */
  get nowS(): number {
    return this.#nowS;
  }

  add(row: FrameRow): void {
    if (row.time_s === null) {
      return;
    }
    this.#nowS = row.time_s;
    for (const face of row.faces) {
      if (face.track === null) {
        continue;
      }
      const ring = this.#lines.get(face.track) ?? new Ring(this.labels.length);
      this.#lines.set(face.track, ring);
      // A hair less than a step, or rounding would halve the rate of a 10 frames/s source.
      if (row.time_s - ring.lastS >= STEP_S - 1e-6) {
        const table = face.smoothed ?? face.probabilities;
        ring.push(
          row.time_s,
          this.labels.map((label) => table[label] ?? 0),
          face.uncertain,
        );
      }
    }
    this.#forget();
  }

  /** Numbers of the faces of the last `SPAN_S` seconds, rising. */
  tracks(): readonly number[] {
    return [...this.#lines.keys()].sort((a, b) => a - b);
  }

  /** Samples of a face, oldest first; none for an unknown one. */
  samples(track: number): Iterable<Sample> {
    return this.#lines.get(track)?.samples(this.#nowS - SPAN_S) ?? [];
  }

  #forget(): void {
    for (const [track, ring] of this.#lines) {
      if (ring.lastS < this.#nowS - SPAN_S) {
        this.#lines.delete(track);
      }
    }
    while (this.#lines.size > MAX_LINES) {
      const oldest = [...this.#lines].reduce((a, b) => (b[1].lastS < a[1].lastS ? b : a));
      this.#lines.delete(oldest[0]);
    }
  }
}
