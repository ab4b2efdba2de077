/**
 * Every frame of a video file in turn, decoded by a `<video>` element.
 *
 * The element plays without sound; each frame that it presents is taken, and it is paused while
 * frames wait to be read, so the file streams from the disk and memory stays flat. Where the browser
 * skipped frames (a gap well above the usual interval), playing goes back to the last frame taken and
 * on at half the speed; a gap that is found twice is the recording's own.
 */

import { SourceError } from "./errors";
import { saysFrames, watchFrames } from "./presented";

/** Frames that may wait before the element is paused. */
const WAITING = 4;
const USUAL = 15; // intervals that the usual one is the median of
const GAP = 1.6; // times the usual interval
const SLOWEST = 0.25;
const CALM = 60; // frames without a gap until playing is faster again

export interface TakenFrame {
  readonly bitmap: ImageBitmap;
  /** Time in the recording, seconds. */
  readonly timeS: number;
}

/** Judges the times of presented frames; apart from the element, so that it can be tested. */
export class FrameTimes {
  readonly #exact: boolean;
  readonly #intervals: number[] = [];
  #lastS: number | null = null;
  #doubted: number | null = null;

  /** @param exact Whether times are those of the frames; between other times no gap is looked for. */
  constructor(exact = true) {
    this.#exact = exact;
  }

  /**
   * "again": shown before; "gap": frames may be missing since `lastS`, go back; "take": read it.
   */
  judge(timeS: number): "again" | "gap" | "take" {
    const last = this.#lastS;
    if (last !== null && timeS <= last) {
      return "again";
    }
    if (last !== null) {
      const interval = timeS - last;
      const usual = this.#usual();
      if (this.#exact && usual !== null && interval > GAP * usual && this.#doubted !== timeS) {
        this.#doubted = timeS;
        return "gap";
      }
      this.#intervals.push(interval);
      if (this.#intervals.length > USUAL) {
        this.#intervals.shift();
      }
    }
    this.#lastS = timeS;
    return "take";
  }

  /** Of the last frame taken. */
  get lastS(): number {
    return this.#lastS ?? 0;
  }

  #usual(): number | null {
    if (this.#intervals.length < 3) {
      return null;
    }
    const sorted = this.#intervals.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] as number;
  }
}

/**
 * Read a recording from its beginning.
 *
 * @param video Element without a source; it shows the frames as they are read.
 * @param file The recording; it is never loaded whole.
 * @param read Takes the bitmap over; the next frame follows when it is done.
 * @throws SourceError "video-unplayable" if the browser cannot play it, and whatever `read` throws.
 */
export async function readRecording(
  video: HTMLVideoElement,
  file: File,
  signal: AbortSignal,
  read: (frame: TakenFrame, durationS: number | null) => Promise<void>,
): Promise<void> {
  const url = URL.createObjectURL(file);
  const taker = new Taker(video);
  const hidden = (): void => taker.hold(document.hidden);
  const aborted = (): void => taker.finish();
  document.addEventListener("visibilitychange", hidden);
  signal.addEventListener("abort", aborted, { once: true });
  try {
    await opened(video, url);
    taker.hold(document.hidden);
    for (;;) {
      const frame = await taker.next();
      if (frame === null) {
        return;
      }
      if (signal.aborted) {
        frame.bitmap.close();
        return;
      }
      await read(frame, Number.isFinite(video.duration) ? video.duration : null);
    }
  } finally {
    document.removeEventListener("visibilitychange", hidden);
    signal.removeEventListener("abort", aborted);
    await taker.stop();
    URL.revokeObjectURL(url);
  }
}

class Taker {
  readonly #video: HTMLVideoElement;
  readonly #times: FrameTimes;
  readonly #unwatch: () => void;
  readonly #queue: Promise<TakenFrame>[] = [];
  #wake: (() => void) | null = null;
  #ended = false;
  #held = false;
  #calm = 0;

  constructor(video: HTMLVideoElement) {
    this.#video = video;
    this.#times = new FrameTimes(saysFrames(video));
    video.muted = true;
    video.playbackRate = SLOWEST; // until the usual interval is known, gaps cannot be told
    video.addEventListener("ended", this.#onEnded);
    video.addEventListener("error", this.#onEnded);
    this.#unwatch = watchFrames(video, this.#presented);
  }

  /** The next frame; null at the end. Plays on when there is room for more. */
  async next(): Promise<TakenFrame | null> {
    this.#play();
    while (this.#queue.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const error = this.#video.error;
    if (error !== null) {
      throw new SourceError("video-unplayable", error.message);
    }
    return (await this.#queue.shift()) ?? null;
  }

  /** Stand still while the page is hidden: frames are not presented then. */
  hold(held: boolean): void {
    this.#held = held;
    if (held) {
      this.#video.pause();
    } else {
      this.#play();
    }
  }

  finish(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async stop(): Promise<void> {
    this.#ended = true;
    this.#video.pause();
    this.#unwatch();
    this.#video.removeEventListener("ended", this.#onEnded);
    this.#video.removeEventListener("error", this.#onEnded);
    for (const taken of await Promise.allSettled(this.#queue)) {
      if (taken.status === "fulfilled") {
        taken.value.bitmap.close();
      }
    }
  }

  #play(): void {
    const { paused, ended, error } = this.#video;
    if (paused && !ended && error === null && !this.#held && !this.#ended) {
      if (this.#queue.length < WAITING) {
        // A pause that follows at once rejects the promise; the next call plays on.
        this.#video.play().catch(() => undefined);
      }
    }
  }

  readonly #presented = (timeS: number): void => {
    const judgement = this.#ended ? "again" : this.#times.judge(timeS);
    if (judgement === "gap") {
      this.#calm = 0;
      this.#video.playbackRate = Math.max(SLOWEST, this.#video.playbackRate / 2);
      this.#video.currentTime = this.#times.lastS;
    } else if (judgement === "take") {
      this.#calm += 1;
      if (this.#calm % CALM === 0) {
        this.#video.playbackRate = Math.min(1, this.#video.playbackRate * 2);
      }
      this.#queue.push(createImageBitmap(this.#video).then((bitmap) => ({ bitmap, timeS })));
      if (this.#queue.length >= WAITING) {
        this.#video.pause();
      }
      this.#wake?.();
    }
  };

  readonly #onEnded = (): void => {
    // The last frame may be presented just after the event.
    setTimeout(() => {
      if (this.#video.ended || this.#video.error !== null) {
        this.finish();
      } else {
        this.#play();
      }
    }, 100);
  };
}

function opened(video: HTMLVideoElement, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      video.removeEventListener("loadeddata", settle);
      video.removeEventListener("error", settle);
      if (video.error !== null || video.videoWidth === 0) {
        reject(new SourceError("video-unplayable", video.error?.message ?? "no picture in it"));
      } else {
        resolve();
      }
    };
    video.addEventListener("loadeddata", settle);
    video.addEventListener("error", settle);
    video.src = url;
  });
}
