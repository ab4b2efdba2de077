/** Pictures from files, drops and the clipboard. */

import { SourceError } from "./errors";
import { announcedSize, pixelsOf, type Size } from "./size";

/** Pixels of a picture that are still decoded; the server has the same limit by default. */
export const MAX_PIXELS = 40_000_000;

/**
 * Decode a picture, turned upright as its EXIF data say; its colour profile is ignored.
 *
 * @throws SourceError "picture-unreadable" or "picture-too-large".
 */
export async function decodePicture(file: Blob): Promise<ImageBitmap> {
  const announced = await announcedSize(file).catch(() => null); // gone: decoding says so
  if (announced !== null) {
    checkSize(announced);
  }
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, {
      // Profiles would give other numbers than `read_image` of Python, which ignores them. Frames of
      // a video have none; there the option changes no pixel in Chromium and takes 2.4 ms a frame.
      colorSpaceConversion: "none",
      imageOrientation: "from-image",
    });
  } catch (error) {
    throw new SourceError("picture-unreadable", String(error));
  }
  try {
    checkSize(bitmap);
  } catch (error) {
    bitmap.close();
    throw error;
  }
  return bitmap;
}

function checkSize(size: Size): void {
  if (pixelsOf(size) > MAX_PIXELS) {
    throw new SourceError("picture-too-large", `${size.width} x ${size.height}`);
  }
}

/** The first file of a drop or of the clipboard; null without one. */
export function firstFile(transfer: DataTransfer | null): File | null {
  return transfer?.files[0] ?? null;
}
