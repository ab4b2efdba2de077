import { describe, expect, it } from "vitest";
import { NewestFrame } from "../../../src/media/frames";

/** A video that presents a frame when the test says so. */
class FakeVideo {
  #callback: (() => void) | null = null;
  cancelled = false;

  requestVideoFrameCallback(callback: () => void): number {
    this.#callback = callback;
    return 1;
  }

  cancelVideoFrameCallback(): void {
    this.cancelled = true;
  }

  present(): void {
    this.#callback?.();
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
