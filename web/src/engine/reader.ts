/** Pictures in, rows out: the reader in the worker, without anything of a browser. */

import type { Picture } from "../vision/graph";
import type { Detector } from "../vision/mtcnn";
import type { HeatMap, Recognizer } from "../vision/recognizer";
import type { FrameRow } from "../vision/row";
import { frameRow } from "../vision/rows";
import { Stream } from "../vision/stream";
import type { StreamOptions } from "./types";

export interface ReaderAnswer {
  readonly row: FrameRow;
  readonly heat: readonly HeatMap[];
  /** Milliseconds; null where nothing was detected, only carried. */
  readonly detectMs: number | null;
  readonly modelMs: number;
}

export class Reader {
  readonly #recognizer: Recognizer;
  readonly #detector: Detector;
  #source: { readonly name: string; readonly stream: Stream; frames: number } | null = null;

  constructor(recognizer: Recognizer, detector: Detector) {
    this.#recognizer = recognizer;
    this.#detector = detector;
  }

  /** Forget tracks and smoothing, and begin a new source. */
  begin(options: StreamOptions): void {
    const stream = new Stream(this.#recognizer, this.#detector, options);
    this.#source = { name: options.source, stream, frames: 0 };
  }

  /**
   * Read one picture.
   *
   * @param timeS Seconds, rising; null for a still, of which every one is frame 0.
   * @throws Error If no source was begun.
   */
  async read(picture: Picture, timeS: number | null): Promise<ReaderAnswer> {
    const source = this.#source;
    if (source === null) throw new Error("begin a source before reading frames");
    const frame = timeS === null ? 0 : source.frames++;
    const answer =
      timeS === null
        ? await source.stream.still(picture)
        : await source.stream.frame(picture, timeS);
    const { width, height } = picture;
    const model = this.#recognizer.facts.name;
    const row = frameRow(answer.reading, {
      model,
      source: source.name,
      frame,
      timeS,
      width,
      height,
    });
    const { heat, detectMs, modelMs } = answer;
    return { row, heat, detectMs, modelMs };
  }
}
