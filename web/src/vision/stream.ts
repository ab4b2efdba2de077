/** What one source has behind it, frame after frame: the port of `mien.runtime.stream`. */

import { InputError } from "./errors";
import type { Faces } from "./faces";
import type { Picture } from "./graph";
import type { Detector } from "./mtcnn";
import type { HeatMap, Recognized, Recognizer } from "./recognizer";
import { type Reading, shownLabel } from "./rows";
import { Smoother } from "./smoothing";
import { Tracker } from "./tracking";

export interface StreamSettings {
  /** Frames from one detection to the next, 1 or more. */
  readonly every: number;
  /** Time constant in seconds; 0 = nothing is smoothed. */
  readonly smoothingS: number;
  readonly heat: boolean;
}

export interface StreamAnswer {
  readonly reading: Reading;
  /** One per face; empty where they are not wanted or the model has none. */
  readonly heat: readonly HeatMap[];
  /** Milliseconds; null where nothing was detected, only carried. */
  readonly detectMs: number | null;
  readonly modelMs: number;
}

export class Stream {
  readonly #recognizer: Recognizer;
  readonly #detector: Detector;
  readonly #settings: StreamSettings;
  readonly #tracker = new Tracker();
  readonly #smoother: Smoother;
  #frames = 0;

  /** @throws InputError If `every` is no whole number from 1, or the time constant is negative. */
  constructor(recognizer: Recognizer, detector: Detector, settings: StreamSettings) {
    if (!Number.isInteger(settings.every) || settings.every < 1) {
      throw new InputError(`every must be a whole number from 1, got ${settings.every}`);
    }
    this.#recognizer = recognizer;
    this.#detector = detector;
    this.#settings = settings;
    this.#smoother = new Smoother(settings.smoothingS);
  }

  /** Read a picture that stands alone: nothing is tracked or smoothed. */
  async still(image: Picture): Promise<StreamAnswer> {
    const start = performance.now();
    const faces = await this.#detector.detect(image);
    return this.#read(image, faces, performance.now() - start, null);
  }

  /**
   * Read the next frame.
   *
   * @param timeS Its time, not before the last one.
   * @throws InputError If time goes back or is not finite.
   */
  async frame(image: Picture, timeS: number): Promise<StreamAnswer> {
    const start = performance.now();
    const looks = this.#frames % this.#settings.every === 0;
    const faces = looks
      ? this.#tracker.update(await this.#detector.detect(image), timeS)
      : this.#tracker.carry(timeS, image.width, image.height);
    const detectMs = looks ? performance.now() - start : null;
    const answer = await this.#read(image, faces, detectMs, timeS);
    this.#frames += 1;
    return answer;
  }

  async #read(
    image: Picture,
    faces: Faces,
    detectMs: number | null,
    timeS: number | null,
  ): Promise<StreamAnswer> {
    const start = performance.now();
    const recognized = await this.#recognizer.faces(image, faces, this.#settings.heat);
    const modelMs = performance.now() - start;
    const smoothed =
      timeS === null || this.#smoother.constantS === 0
        ? null
        : this.#smoother.update(recognized.scores, faces.tracks, timeS);
    if (timeS !== null) this.#smoother.keep(this.#tracker.alive);
    const reading = { faces, scores: recognized.scores, smoothed };
    return { reading, heat: heatOf(recognized, reading), detectMs, modelMs };
  }
}

function heatOf(recognized: Recognized, reading: Reading): HeatMap[] {
  const maps = Array.from(reading.faces.scores.keys(), (row) =>
    recognized.heat(row, shownLabel(reading, row)),
  );
  return maps.filter((map) => map !== null);
}
