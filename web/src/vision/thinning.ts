/**
 * The first, coarse step of reducing a large picture: whole blocks of pixels averaged into one.
 * The port of `mien.runtime.detectors.thinning`.
 */

import type { Picture } from "./graph";

/** Largest block side. */
export const LARGEST_BLOCK = 16;

/**
 * Average blocks of `block` x `block` pixels, halves up; an edge that fills no block is left out.
 *
 * @param block 1 to `LARGEST_BLOCK`; 1 gives the picture itself.
 */
export function thinned(image: Picture, block: number): Picture {
  if (block < 2) return image;
  const width = Math.floor(image.width / block);
  const height = Math.floor(image.height / block);
  const data = new Uint8Array(3 * width * height);
  const sums = new Uint32Array(3 * width);
  const cells = block * block;
  for (let row = 0; row < height; row++) {
    sums.fill(cells >> 1);
    for (let inner = 0; inner < block; inner++) {
      let from = 3 * image.width * (row * block + inner);
      for (let to = 0; to < sums.length; to += 3) {
        for (const end = from + 3 * block; from < end; from += 3) {
          sums[to] = (sums[to] as number) + (image.data[from] as number);
          sums[to + 1] = (sums[to + 1] as number) + (image.data[from + 1] as number);
          sums[to + 2] = (sums[to + 2] as number) + (image.data[from + 2] as number);
        }
      }
    }
    data.set(
      sums.map((sum) => sum / cells),
      3 * width * row,
    );
  }
  return { width, height, data };
}
