/** Newest frames of a playing `<video>`, for a camera. */

/**
 * Waits for frames of a video element. A frame that comes while nobody waits is remembered, so
 * that the next wait ends at once with the newest one; older ones are passed over.
 */
export class NewestFrame {
  readonly #video: HTMLVideoElement;
  readonly #signal: AbortSignal;
  #handle: number;
  #fresh = false;
  #wake: (() => void) | null = null;

  /** @param signal Ends every wait. */
  constructor(video: HTMLVideoElement, signal: AbortSignal) {
    this.#video = video;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake?.(), { once: true });
    this.#handle = video.requestVideoFrameCallback(this.#arrived);
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

  stop(): void {
    this.#video.cancelVideoFrameCallback(this.#handle);
  }

  readonly #arrived = (): void => {
    this.#fresh = true;
    this.#wake?.();
    this.#handle = this.#video.requestVideoFrameCallback(this.#arrived);
  };
}
