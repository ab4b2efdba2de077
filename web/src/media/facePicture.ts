/** The part of a frame around one face, as a file to send and as the crop that will be kept. */

import type { FacePicture } from "../engine/samples";
import { CROP } from "../vision/alignment";
import type { FaceRow, FrameRow } from "../vision/row";
import { cropAffine, greyCrop, moved, type Part, partAround } from "./crop";

type Context = OffscreenCanvasRenderingContext2D;

/** Nothing is lost in a PNG. One that is larger is of a face whose pixels are averaged anyway. */
const LARGEST_PNG = 4_000_000;
const LOSSY = { type: "image/jpeg", quality: 0.95 } as const;

/**
 * The file to send of a face.
 *
 * @param bodyBytes Most bytes that the server takes in a request.
 */
export async function facePicture(
  frame: CanvasImageSource,
  row: FrameRow,
  face: FaceRow,
  bodyBytes: number,
): Promise<FacePicture> {
  const part = partAround(face, row);
  const { canvas } = drawn(frame, part);
  const png = await canvas.convertToBlob({ type: "image/png" });
  // A form has its own few hundred bytes.
  const fits = png.size <= Math.min(LARGEST_PNG, bodyBytes - 2000);
  const picture = fits ? png : await canvas.convertToBlob(LOSSY);
  const { box, landmarks } = moved(face, part);
  return { picture, box, landmarks };
}

/** What is kept of a face, as RGBA pixels to show. */
export function cropPixels(frame: CanvasImageSource, row: FrameRow, face: FaceRow): ImageData {
  const part = partAround(face, row);
  const { context } = drawn(frame, part);
  const image = context.getImageData(0, 0, part.width, part.height);
  const grey = greyCrop(image, cropAffine(moved(face, part)));
  const shown = new ImageData(CROP, CROP);
  for (const [at, level] of grey.entries()) {
    shown.data.set([level, level, level, 255], 4 * at);
  }
  return shown;
}

/** A part of a frame; transparent pixels on white, as the reader sees them. */
function drawn(
  frame: CanvasImageSource,
  part: Part,
): { canvas: OffscreenCanvas; context: Context } {
  const canvas = new OffscreenCanvas(part.width, part.height);
  const context = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  if (context === null) {
    throw new Error("expected a canvas of two dimensions, got none; the memory may be full");
  }
  context.fillStyle = "white";
  context.fillRect(0, 0, part.width, part.height);
  context.drawImage(frame, -part.left, -part.top);
  return { canvas, context };
}
