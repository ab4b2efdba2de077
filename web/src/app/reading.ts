/** The three ways of reading a source: a camera, a picture, a recording. */

import type { Engine } from "../engine/types";
import { NewestFrame } from "../media/frames";
import { decodePicture } from "../media/picture";
import { readRecording } from "../media/recording";
import type { Live } from "./live";

/** As the command line and the server do it (src/mien/runtime/stream.py). */
const EVERY_LIVE = 3;
const SMOOTHING_S = 0.3;

// Heat maps cost little, and are asked for always: `begin` would cut the tracks at each switch.

/** Read the newest frame of a camera again and again, until the signal. */
export async function readCamera(
  engine: Engine,
  video: HTMLVideoElement,
  live: Live,
  signal: AbortSignal,
): Promise<void> {
  await engine.begin({ source: "camera", every: EVERY_LIVE, smoothingS: SMOOTHING_S, heat: true });
  const frames = new NewestFrame(video, signal);
  const startMs = performance.now();
  try {
    while (await frames.next()) {
      const timeS = (performance.now() - startMs) / 1000;
      const bitmap = await createImageBitmap(video);
      const copy = live.shotWanted ? await createImageBitmap(bitmap) : null;
      const answer = await engine.read(bitmap, timeS);
      if (signal.aborted) {
        copy?.close();
        return;
      }
      live.accept(answer, performance.now());
      if (copy !== null) {
        live.deliver({ bitmap: copy, answer });
      }
    }
  } finally {
    frames.stop();
  }
}

/** Read one picture and paint it on `canvas`. */
export async function readPicture(
  engine: Engine,
  file: File,
  canvas: HTMLCanvasElement,
  live: Live,
  signal: AbortSignal,
): Promise<void> {
  const bitmap = await decodePicture(file);
  if (signal.aborted) {
    bitmap.close();
    return;
  }
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  await engine.begin({ source: file.name, every: 1, smoothingS: 0, heat: true });
  const answer = await engine.read(bitmap, null);
  if (!signal.aborted) {
    live.accept(answer, performance.now());
  }
}

/** Read every frame of a recording, in turn. */
export async function readVideo(
  engine: Engine,
  file: File,
  video: HTMLVideoElement,
  live: Live,
  signal: AbortSignal,
): Promise<void> {
  await engine.begin({ source: file.name, every: 1, smoothingS: SMOOTHING_S, heat: true });
  await readRecording(video, file, signal, async ({ bitmap, timeS }, durationS) => {
    const copy = live.shotWanted ? await createImageBitmap(bitmap) : null;
    const answer = await engine.read(bitmap, timeS);
    if (signal.aborted) {
      copy?.close();
      return;
    }
    live.accept(answer, performance.now(), { timeS, durationS });
    if (copy !== null) {
      live.deliver({ bitmap: copy, answer });
    }
  });
}
