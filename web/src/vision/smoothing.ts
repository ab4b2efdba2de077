/**
 * Probabilities over time, one state per track, and labels that do not flicker: the port of
 * `mien.core.smoothing`.
 */

import { InputError } from "./errors";
import { lengthOf, rowOf, type Scores, topOf } from "./scores";

/** By how much another label must lead before a track changes its own. */
export const LEAD = 0.1;

export interface Smoothed {
  readonly scores: Scores;
  /** N: index of the label each face is shown with. */
  readonly shown: readonly number[];
}

interface State {
  timeS: number;
  mean: Float64Array;
  shown: number;
}

/**
 * Exponential smoothing of probabilities with a time constant, track by track: after t seconds an
 * answer counts exp(-t / constant) of what it did, whatever the frame rate.
 */
export class Smoother {
  /** Time constant in seconds; 0 = every frame stands alone. */
  readonly constantS: number;
  readonly #states = new Map<number, State>();

  /** @throws InputError If the time constant is negative or not finite. */
  constructor(constantS: number) {
    if (!(constantS >= 0 && constantS < Number.POSITIVE_INFINITY)) {
      throw new InputError(`the time constant must be 0 s or more and finite, got ${constantS}`);
    }
    this.constantS = constantS;
  }

  /**
   * Take the scores of one frame.
   *
   * @param tracks Their tracks; -1 = not tracked, and not smoothed.
   * @param timeS Not before the last time of any of the tracks.
   * @throws InputError If lengths differ, a track is there twice, or time goes back.
   */
  update(scores: Scores, tracks: Int32Array, timeS: number): Smoothed {
    if (tracks.length !== lengthOf(scores)) {
      throw new InputError(`${lengthOf(scores)} faces but ${tracks.length} tracks`);
    }
    const followed = tracks.filter((track) => track >= 0);
    if (new Set(followed).size < followed.length) {
      throw new InputError(`every face has its own track, got ${tracks.join(", ")}`);
    }
    for (const track of followed) {
      const last = this.#states.get(track)?.timeS ?? Number.NEGATIVE_INFINITY;
      if (!(last <= timeS && timeS < Number.POSITIVE_INFINITY)) {
        throw new InputError(`time goes back to ${timeS} s for track ${track}; begin a new one`);
      }
    }
    const probabilities = scores.probabilities.slice();
    const k = scores.labels.length;
    const shown = Array.from(tracks, (track, row) => {
      const answer = Float64Array.from(rowOf(scores, row));
      if (track < 0) return topOf(answer);
      const state = this.#step(track, answer, timeS);
      probabilities.set(state.mean, row * k);
      return state.shown;
    });
    return { scores: { ...scores, probabilities }, shown };
  }

  /** Forget every track but these; numbers are not used twice. */
  keep(alive: readonly number[]): void {
    for (const track of this.#states.keys()) {
      if (!alive.includes(track)) this.#states.delete(track);
    }
  }

  #step(track: number, answer: Float64Array, timeS: number): State {
    const before = this.constantS ? this.#states.get(track) : undefined;
    let mean = answer;
    if (before) {
      const kept = Math.exp((before.timeS - timeS) / this.constantS);
      mean = answer.map((value, at) => value + kept * ((before.mean[at] as number) - value));
    }
    const top = topOf(mean);
    const held = before?.shown ?? top;
    const shown = (mean[top] as number) - (mean[held] as number) < LEAD ? held : top;
    const state = { timeS, mean, shown };
    this.#states.set(track, state);
    return state;
  }
}
