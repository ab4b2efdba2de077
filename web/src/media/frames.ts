/** Newest frames of a playing `<video>`, for a camera. */

import { watchFrames } from "./presented";

/**
 * Waits for frames of a video element. A frame that comes while nobody waits is remembered, so
 * that the next wait ends at once with the newest one; older ones are passed over.
 */
export class NewestFrame {
  readonly #signal: AbortSignal;
  /** Ends the watch over the element. */
  readonly stop: () => void;
  #fresh = false;
  #wake: (() => void) | null = null;

  /** @param signal Ends every wait. */
  constructor(video: HTMLVideoElement, signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
    this.stop = watchFrames(video, () => {
      this.#fresh = true;
      this.#wake?.();
    });
  }

  /** Whether a new frame came; false when the signal stopped the wait. */
  async next(): Promise<boolean> {
    if (!this.#fresh && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = null;
    }
    this.#fresh = false;
    return !this.#signal.aborted;
  }
}
