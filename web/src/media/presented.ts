/** Watches the frames that a `<video>` element presents, in every browser. */

/** Whether the browser says which frame it presents; else frames are found by looking. */
export function saysFrames(video: object): boolean {
  return "requestVideoFrameCallback" in video;
}

/**
 * Calls `take` for each frame presented, with its time in seconds, until the function that is
 * returned is called. Where the browser does not say when a frame comes, the element is looked at
 * before every repaint: times are then those of the looks, and frames may be missed.
 */
export function watchFrames(video: HTMLVideoElement, take: (timeS: number) => void): () => void {
  return saysFrames(video) ? awaited(video, take) : polled(video, take);
}

function awaited(video: HTMLVideoElement, take: (timeS: number) => void): () => void {
  const presented = (_now: number, frame: VideoFrameCallbackMetadata): void => {
    handle = video.requestVideoFrameCallback(presented);
    take(frame.mediaTime);
  };
  let handle = video.requestVideoFrameCallback(presented);
  return () => video.cancelVideoFrameCallback(handle);
}

function polled(video: HTMLVideoElement, take: (timeS: number) => void): () => void {
  let lastS: number | null = null;
  const look = (): void => {
    handle = requestAnimationFrame(look);
    const { currentTime, readyState } = video;
    if (readyState >= HAVE_CURRENT_DATA && currentTime !== lastS) {
      lastS = currentTime;
      take(currentTime);
    }
  };
  let handle = requestAnimationFrame(look);
  return () => cancelAnimationFrame(handle);
}

const HAVE_CURRENT_DATA = 2; // of HTMLMediaElement
