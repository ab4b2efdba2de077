/** Pictures from files, drops and the clipboard. */

import { SourceError } from "../app/problems";

/** Pixels of a picture that are still decoded; the server has the same limit. */
export const MAX_PIXELS = 40_000_000;

/**
 * Pixels as they are stored: colour profiles would give other numbers than `read_image` of Python,
 * which ignores them, and than the pictures that the model was taught with.
 */
export const AS_STORED = { colorSpaceConversion: "none" } as const satisfies ImageBitmapOptions;

/**
 * Decode a picture, turned upright as its EXIF data say; its colour profile is ignored.
 *
 * @throws SourceError "picture-unreadable" or "picture-too-large".
 */
export async function decodePicture(file: Blob): Promise<ImageBitmap> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { ...AS_STORED, imageOrientation: "from-image" });
  } catch (error) {
    throw new SourceError("picture-unreadable", String(error));
  }
  const { width, height } = bitmap;
  if (width * height > MAX_PIXELS) {
    bitmap.close();
    throw new SourceError("picture-too-large", `${width} x ${height}`);
  }
  return bitmap;
}

/** The first file of a drop or of the clipboard; null without one. */
export function firstFile(transfer: DataTransfer | null): File | null {
  return transfer?.files[0] ?? null;
}
