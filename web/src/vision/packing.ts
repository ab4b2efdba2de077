/**
 * Regions of faces, and many of them on one canvas so that one call of the graph answers all. Each
 * region is cut with its own border: pixels beyond the picture repeat its edge, as the graph's
 * border padding would. The port of `mien.runtime.packing`.
 */

import type { Affine } from "./alignment";
import type { Picture } from "./graph";

/** The graph's coordinates are fractions of the canvas; here a position is exact to 1e-4 pixels. */
export const LARGEST_SIDE = 2048;

/** A cut-out of one picture with one face in it; the affine leads to pixels of the cut-out. */
export interface Region {
  readonly pixels: Picture;
  readonly affine: Affine;
}

/** Regions side by side: what one call of the graph is given. */
export interface Canvas {
  readonly image: Picture;
  /** 6 per region. */
  readonly affines: Float32Array;
  /** Which of the regions each affine belongs to. */
  readonly regions: readonly number[];
}

/** Cut the pixels that a crop can touch out of a picture. */
export function cut(image: Picture, affine: Affine): Region {
  const [a, b, x, c, d, y] = affine;
  // One pixel for the bilinear neighbour, one for rounding.
  const left = Math.floor(x - Math.abs(a) - Math.abs(b)) - 1;
  const right = Math.ceil(x + Math.abs(a) + Math.abs(b)) + 2;
  const top = Math.floor(y - Math.abs(c) - Math.abs(d)) - 1;
  const bottom = Math.ceil(y + Math.abs(c) + Math.abs(d)) + 2;
  const pixels = excerpt(image, left, top, right - left, bottom - top);
  return { pixels, affine: [a, b, x - left, c, d, y - top] };
}

/**
 * The part of a picture that a crop and its halved copies can touch, and the moved affine.
 *
 * Unlike `cut` it never reaches beyond the picture, so its size is bounded by the picture's. It
 * begins at even pixels: the halves of a picture do not depend on where the face is.
 */
export function windowOf(image: Picture, affine: Affine): Region {
  const [a, b, x, c, d, y] = affine;
  const [left, right] = span(x, Math.abs(a) + Math.abs(b), image.width);
  const [top, bottom] = span(y, Math.abs(c) + Math.abs(d), image.height);
  const pixels = excerpt(image, left, top, right - left, bottom - top);
  return { pixels, affine: [a, b, x - left, c, d, y - top] };
}

function span(centre: number, reach: number, size: number): [number, number] {
  const within = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
  const low = within(Math.floor(centre - reach) - 6, 0, size - 1);
  const even = low - (low % 2);
  return [even, within(Math.ceil(centre + reach) + 7, even + 1, size)];
}

/** `width` x `height` pixels from (left, top) on; beyond the picture its edge goes on. */
function excerpt(
  image: Picture,
  left: number,
  top: number,
  width: number,
  height: number,
): Picture {
  const data = new Uint8Array(3 * width * height);
  const first = Math.min(Math.max(-left, 0), width);
  const end = Math.max(Math.min(image.width - left, width), first);
  for (let row = 0; row < height; row++) {
    const from = 3 * image.width * Math.min(Math.max(top + row, 0), image.height - 1);
    const to = 3 * width * row;
    const inside = from + 3 * (left + first);
    data.set(image.data.subarray(inside, inside + 3 * (end - first)), to + 3 * first);
    repeat(data, to, first, image.data, from);
    repeat(data, to + 3 * end, width - end, image.data, from + 3 * (image.width - 1));
  }
  return { width, height, data };
}

function repeat(out: Uint8Array, to: number, count: number, pixels: Uint8Array, at: number): void {
  for (let k = 0; k < 3 * count; k++) out[to + k] = pixels[at + (k % 3)] as number;
}

/** Lay regions out in rows on as few canvases as their sizes allow. */
export function pack(regions: readonly Region[]): Canvas[] {
  const [only] = regions;
  if (only && regions.length === 1) {
    return [{ image: only.pixels, affines: Float32Array.from(only.affine), regions: [0] }];
  }
  const sizes = regions.map((region) => region.pixels);
  const byHeight = Array.from(sizes.keys()).sort(
    (a, b) => (sizes[b] as Picture).height - (sizes[a] as Picture).height,
  );
  const area = sizes.reduce((sum, { width, height }) => sum + width * height, 0);
  const widest = sizes.reduce((most, { width }) => Math.max(most, width), 1);
  const most = Math.max(widest, LARGEST_SIDE);
  const target = Math.floor(Math.min(Math.max(widest, Math.sqrt(area)), most));
  const canvases: Canvas[] = [];
  let placed: Place[] = [];
  let x = 0;
  let y = 0;
  let row = 0;
  for (const index of byHeight) {
    const { width, height } = sizes[index] as Picture;
    if (x + width > target) {
      x = 0;
      y += row;
      row = 0;
    }
    if (placed.length && y + height > LARGEST_SIDE) {
      canvases.push(drawn(regions, placed));
      placed = [];
      x = 0;
      y = 0;
      row = 0;
    }
    placed.push({ index, x, y });
    x += width;
    row = Math.max(row, height);
  }
  if (placed.length) canvases.push(drawn(regions, placed));
  return canvases;
}

interface Place {
  readonly index: number;
  readonly x: number;
  readonly y: number;
}

function drawn(regions: readonly Region[], placed: readonly Place[]): Canvas {
  const at = ({ index }: Place) => regions[index] as Region;
  const width = Math.max(...placed.map((place) => place.x + at(place).pixels.width));
  const height = Math.max(...placed.map((place) => place.y + at(place).pixels.height));
  const data = new Uint8Array(3 * width * height);
  const affines = new Float32Array(6 * placed.length);
  placed.forEach((place, k) => {
    const { pixels, affine } = at(place);
    const line = 3 * pixels.width;
    for (let row = 0; row < pixels.height; row++) {
      const to = 3 * ((place.y + row) * width + place.x);
      data.set(pixels.data.subarray(row * line, (row + 1) * line), to);
    }
    const [a, b, x, c, d, y] = affine;
    affines.set([a, b, x + place.x, c, d, y + place.y], 6 * k);
  });
  return { image: { width, height, data }, affines, regions: placed.map(({ index }) => index) };
}
