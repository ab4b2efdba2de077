/** Frames as files that a server takes: within its limits, which `/v1/model` tells. */

import type { FrameRow } from "../vision/row";
import { troubleOf } from "./trouble";
import { EngineError } from "./types";

/** JPEG: all servers and browsers have it, and WebP takes several times as long to make. */
const TYPE = "image/jpeg";

/**
 * From the best to the smallest. Quality goes first, which moves no box; below 0.65 the blocks of
 * JPEG show in faces, and fewer pixels are the lesser harm.
 */
const STEPS = [
  { scale: 1, quality: 0.9 },
  { scale: 1, quality: 0.8 },
  { scale: 1, quality: 0.65 },
  { scale: 0.7, quality: 0.8 },
  { scale: 0.5, quality: 0.8 },
  { scale: 0.35, quality: 0.8 },
  { scale: 0.25, quality: 0.8 },
] as const;

/** What a server takes; infinite where it does not say. */
export interface Limits {
  /** Bytes of one upload. */
  readonly bodyBytes: number;
  /** Bytes of one frame of a stream. */
  readonly frameBytes: number;
  /** Width x height. */
  readonly pixels: number;
}

/** Encodes the frames of one source, which are alike: what one needed, the next begins with. */
export class Encoder {
  #step = 0;

  /**
   * The frame as a file of at most `bytes` and `pixels`; transparent parts on white, as on the
   * device.
   *
   * @throws EngineError `server-too-large` if it stays larger, `out-of-memory`.
   */
  async fit(frame: ImageBitmap, bytes: number, pixels: number): Promise<Blob> {
    for (;;) {
      const { scale, quality } = this.#now();
      const most = Math.sqrt(pixels / (frame.width * frame.height));
      const file = await encoded(frame, Math.min(scale, most), quality);
      if (file.size <= bytes) return file;
      const told = `the server takes ${bytes} bytes, this frame has ${file.size} at the least`;
      if (!this.lower()) throw new EngineError("server-too-large", told);
    }
  }

  /** Send less from now on; false where there is no less. */
  lower(): boolean {
    if (this.#step >= STEPS.length - 1) return false;
    this.#step += 1;
    return true;
  }

  #now(): (typeof STEPS)[number] {
    return STEPS[this.#step] as (typeof STEPS)[number];
  }
}

/** The row of a frame that was sent smaller, in the pixels of the frame. */
export function inPixelsOf(frame: { width: number; height: number }, row: FrameRow): FrameRow {
  const { width, height } = frame;
  const [across, down] = [width / row.width, height / row.height];
  if (across === 1 && down === 1) return row;
  const faces = row.faces.map((face) => {
    const [x1, y1, x2, y2] = face.box;
    const box = [x1 * across, y1 * down, x2 * across, y2 * down] as const;
    const landmarks = face.landmarks?.map(([x, y]) => [x * across, y * down] as const) ?? null;
    return { ...face, box, landmarks };
  });
  return { ...row, width, height, faces };
}

async function encoded(frame: ImageBitmap, scale: number, quality: number): Promise<Blob> {
  const [width, height] = [frame.width, frame.height].map((side) =>
    Math.max(1, scale < 1 ? Math.floor(side * scale) : side),
  ) as [number, number];
  try {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d", { alpha: false });
    if (context === null) throw new EngineError("out-of-memory", "the browser gives no canvas");
    context.fillStyle = "white";
    context.fillRect(0, 0, width, height);
    context.imageSmoothingQuality = "high";
    context.drawImage(frame, 0, 0, width, height);
    return await canvas.convertToBlob({ type: TYPE, quality });
  } catch (error) {
    throw troubleOf(error, "picture-unreadable");
  }
}
