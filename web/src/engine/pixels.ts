/** Bitmaps to RGB bytes, in a canvas and a buffer that are kept while the size stays. */

import type { Picture } from "../vision/graph";
import { troubleOf } from "./trouble";
import { EngineError } from "./types";

export class Pixels {
  #canvas: OffscreenCanvas | null = null;
  #context: OffscreenCanvasRenderingContext2D | null = null;
  #rgb = new Uint8Array(0);

  /**
   * The RGB bytes of a bitmap, transparent parts on white as in Python; the bitmap is closed. The
   * bytes are valid until the next call.
   *
   * @throws EngineError `picture-unreadable` or `out-of-memory`.
   */
  read(bitmap: ImageBitmap): Picture {
    const { width, height } = bitmap;
    try {
      if (width < 1 || height < 1) throw new EngineError("picture-unreadable", "it has no pixels");
      const context = this.#contextOf(width, height);
      context.fillRect(0, 0, width, height);
      context.drawImage(bitmap, 0, 0);
      const rgba = context.getImageData(0, 0, width, height).data;
      if (this.#rgb.length !== 3 * width * height) this.#rgb = new Uint8Array(3 * width * height);
      return { width, height, data: withoutAlpha(rgba, this.#rgb) };
    } catch (error) {
      throw troubleOf(error, "picture-unreadable");
    } finally {
      bitmap.close();
    }
  }

  #contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
    const canvas = this.#canvas ?? new OffscreenCanvas(width, height);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context =
      this.#context ?? canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    if (context === null) throw new EngineError("out-of-memory", "the browser gives no canvas");
    context.fillStyle = "white"; // a change of size forgets it
    this.#canvas = canvas;
    this.#context = context;
    return context;
  }
}

/** RGB of RGBA, written into `out`. */
export function withoutAlpha(rgba: Uint8ClampedArray, out: Uint8Array): Uint8Array {
  for (let from = 0, to = 0; to < out.length; from += 4, to += 3) {
    out[to] = rgba[from] as number;
    out[to + 1] = rgba[from + 1] as number;
    out[to + 2] = rgba[from + 2] as number;
  }
  return out;
}
