import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NewestFrame } from "../../../src/media/frames";
import { watchFrames } from "../../../src/media/presented";
import { FrameTimes } from "../../../src/media/recording";

/** A video that presents a frame when the test says so. */
class FakeVideo {
  #callback: VideoFrameRequestCallback | null = null;
  cancelled = false;

  requestVideoFrameCallback(callback: VideoFrameRequestCallback): number {
    this.#callback = callback;
    return 1;
  }

  cancelVideoFrameCallback(): void {
    this.cancelled = true;
  }

  present(): void {
    this.#callback?.(0, { mediaTime: 0 } as VideoFrameCallbackMetadata);
  }
}

function waiting(): { video: FakeVideo; frames: NewestFrame; leave: AbortController } {
  const video = new FakeVideo();
  const leave = new AbortController();
  const frames = new NewestFrame(video as unknown as HTMLVideoElement, leave.signal);
  return { video, frames, leave };
}

describe("the newest frame", () => {
  it("ends a wait when it comes", async () => {
    const { video, frames } = waiting();
    const next = frames.next();
    video.present();
    expect(await next).toBe(true);
  });

  it("that came meanwhile is taken at once, and only once", async () => {
    const { video, frames, leave } = waiting();
    video.present();
    video.present();
    expect(await frames.next()).toBe(true);
    const next = frames.next();
    leave.abort();
    expect(await next).toBe(false);
  });

  it("is not waited for after leaving", async () => {
    const { video, frames, leave } = waiting();
    leave.abort();
    expect(await frames.next()).toBe(false);
    frames.stop();
    expect(video.cancelled).toBe(true);
  });
});

describe("a browser that does not say when a frame comes", () => {
  let look: (() => void) | null = null;

  beforeEach(() => {
    vi.stubGlobal("requestAnimationFrame", (callback: () => void) => {
      look = callback;
      return 1;
    });
    vi.stubGlobal("cancelAnimationFrame", () => {
      look = null;
    });
  });

  afterEach(() => vi.unstubAllGlobals());

  it("is looked at before every repaint: each time is taken once, and none before there is data", () => {
    const video = { currentTime: 0, readyState: 1 };
    const times: number[] = [];
    const stop = watchFrames(video as HTMLVideoElement, (timeS) => times.push(timeS));
    look?.();
    video.readyState = 2;
    look?.();
    look?.();
    video.currentTime = 0.04;
    look?.();
    expect(times).toEqual([0, 0.04]);
    stop();
    expect(look).toBeNull();
  });

  it("gives the newest frame, too", async () => {
    const video = { currentTime: 1, readyState: 4 };
    const frames = new NewestFrame(video as HTMLVideoElement, new AbortController().signal);
    look?.();
    expect(await frames.next()).toBe(true);
  });

  it("has times without gaps: playing never goes back for what is not exact", () => {
    const [exact, looked] = [new FrameTimes(), new FrameTimes(false)];
    for (const timeS of [0, 0.04, 0.08, 0.12]) {
      expect(exact.judge(timeS)).toBe("take");
      expect(looked.judge(timeS)).toBe("take");
    }
    expect(exact.judge(0.5)).toBe("gap");
    expect(looked.judge(0.5)).toBe("take");
  });
});
