/** The annotated frame as a PNG file. It is not mirrored, so that it agrees with the rows. */

import type { Answer } from "../engine/types";
import { drawOverlay, type OverlayStyle } from "./overlay";
import { contained } from "./view";

export async function annotated(
  frame: CanvasImageSource,
  answer: Answer,
  style: OverlayStyle,
): Promise<Blob> {
  const { width, height } = answer.row;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d") as unknown as CanvasRenderingContext2D | null;
  if (context === null) {
    throw new Error("expected a canvas of two dimensions, got none; the memory may be full");
  }
  context.drawImage(frame, 0, 0, width, height);
  drawOverlay(context, answer, contained(answer.row, canvas, false), style);
  return canvas.convertToBlob({ type: "image/png" });
}

/** Canvas pixels of one unit of line width: as on a screen where the frame is 640 pixels wide. */
export function unitOf(width: number, height: number): number {
  return Math.max(0.75, Math.max(width, height) / 640);
}
