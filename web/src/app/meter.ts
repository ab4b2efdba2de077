/** Frames per second and latency of the last frames. */

const WINDOW = 32;

export class Meter {
  readonly #atMs = new Float64Array(WINDOW);
  readonly #tookMs = new Float64Array(WINDOW);
  #count = 0;

  /** Count an answer that came at `atMs` and took `tookMs`. */
  add(atMs: number, tookMs: number): void {
    this.#atMs[this.#count % WINDOW] = atMs;
    this.#tookMs[this.#count % WINDOW] = tookMs;
    this.#count += 1;
  }

  /** Answers per second; null before the second one. */
  get rate(): number | null {
    const n = Math.min(this.#count, WINDOW);
    if (n < 2) {
      return null;
    }
    const last = this.#atMs[(this.#count - 1) % WINDOW] as number;
    const first = this.#atMs[(this.#count - n) % WINDOW] as number;
    return last > first ? ((n - 1) * 1000) / (last - first) : null;
  }

  /** Median time from frame to answer, in milliseconds; null before the first one. */
  get latencyMs(): number | null {
    const n = Math.min(this.#count, WINDOW);
    if (n === 0) {
      return null;
    }
    const sorted = this.#tookMs.slice(0, n).sort();
    return sorted[Math.floor(n / 2)] as number;
  }
}
