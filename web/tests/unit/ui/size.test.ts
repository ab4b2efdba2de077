import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { decodePicture } from "../../../src/media/picture";
import { announcedSize } from "../../../src/media/size";

const PORTRAIT = readFileSync(new URL("../../../../assets/portrait.jpg", import.meta.url));

const ascii = (text: string): number[] => [...text].map((sign) => sign.charCodeAt(0));
const big = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, at) => (value >>> (8 * (bytes - 1 - at))) & 255);
const little = (value: number, bytes: number): number[] => big(value, bytes).reverse();
const zeros = (count: number): number[] => new Array<number>(count).fill(0);

const png = (w: number, h: number) => [
  ...ascii("\x89PNG\r\n\x1a\n"),
  ...big(13, 4),
  ...ascii("IHDR"),
  ...big(w, 4),
  ...big(h, 4),
];
const segment = (marker: number, data: readonly number[]) => [
  0xff,
  marker,
  ...big(data.length + 2, 2),
  ...data,
];
const frame = (w: number, h: number, marker = 0xc0) =>
  segment(marker, [8, ...big(h, 2), ...big(w, 2), 1, 1, 0x11, 0]);
const jpeg = (...parts: readonly (readonly number[])[]) => [0xff, 0xd8, ...parts.flat()];
/** An EXIF segment: turned by a quarter, with a whole small JPEG inside. */
const exif = segment(0xe1, [
  ...ascii("Exif\0\0MM\0*"),
  ...big(8, 4),
  ...[0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0],
  ...jpeg(frame(160, 120), segment(0xda, [0])),
  ...[0xff, 0xd9],
]);
const gif = (w: number, h: number, ...blocks: readonly (readonly number[])[]) => [
  ...ascii("GIF89a"),
  ...little(w, 2),
  ...little(h, 2),
  ...[0x80, 0, 0],
  ...zeros(6),
  ...blocks.flat(),
];
const delay = [0x21, 0xf9, 4, 0, 0, 0, 0, 0];
const gifFrame = (x: number, y: number, w: number, h: number) => [
  0x2c,
  ...[x, y, w, h].flatMap((value) => little(value, 2)),
];
const bmp = (w: number, h: number) => [
  ...ascii("BM"),
  ...zeros(12),
  ...little(40, 4),
  ...little(w, 4),
  ...little(h, 4),
];
const oldBmp = (w: number, h: number) => [
  ...ascii("BM"),
  ...zeros(12),
  ...little(12, 4),
  ...little(w, 2),
  ...little(h, 2),
];
const webp = (kind: string, ...data: number[]) => [
  ...ascii("RIFF"),
  ...zeros(4),
  ...ascii(`WEBP${kind}`),
  ...zeros(4),
  ...data,
];
const size = (w: number, h: number) => [
  ...big(20, 4),
  ...ascii("ispe"),
  ...zeros(4),
  ...big(w, 4),
  ...big(h, 4),
];

const blob = (bytes: readonly number[]) => new Blob([Uint8Array.from(bytes)]);

describe("the size in a header", () => {
  it.each<[string, number[], number, number]>([
    ["PNG", png(20_000, 30_000), 20_000, 30_000],
    ["JPEG", jpeg(segment(0xe0, zeros(14)), frame(640, 480)), 640, 480],
    ["a progressive JPEG", jpeg(frame(640, 480, 0xc2)), 640, 480],
    ["a JPEG with tables first", jpeg(segment(0xc4, zeros(20)), frame(640, 480)), 640, 480],
    ["a JPEG with padding", [0xff, 0xd8, 0xff, 0xff, ...frame(640, 480)], 640, 480],
    ["a turned JPEG with a thumbnail", jpeg(exif, frame(4000, 3000)), 4000, 3000],
    [
      "a JPEG with a long head",
      jpeg(...Array<number[]>(40).fill(segment(0xe2, zeros(60_000))), frame(9, 8)),
      9,
      8,
    ],
    ["GIF", gif(320, 240, delay, gifFrame(0, 0, 320, 240)), 320, 240],
    [
      "a GIF whose frame is larger",
      gif(1, 1, delay, gifFrame(5, 0, 60_000, 50_000)),
      60_005,
      50_000,
    ],
    ["a GIF without frames", gif(7, 6), 7, 6],
    ["BMP", bmp(800, 600), 800, 600],
    ["a BMP from the top", bmp(800, -600), 800, 600],
    ["an old BMP", oldBmp(800, 600), 800, 600],
    [
      "WebP, lossy",
      webp("VP8 ", 0, 0, 0, 0x9d, 1, 0x2a, ...little(0x4000 + 550, 2), ...little(368, 2)),
      550,
      368,
    ],
    ["WebP, lossless", webp("VP8L", 0x2f, ...little(((999 << 14) | 1999) >>> 0, 4)), 2000, 1000],
    ["WebP, extended", webp("VP8X", ...zeros(4), ...little(69_999, 3), ...little(1, 3)), 70_000, 2],
    [
      "AVIF of tiles",
      [...zeros(4), ...ascii("ftypavif"), ...size(512, 512), ...size(9000, 9000)],
      9000,
      9000,
    ],
  ])("of %s", async (_, bytes, width, height) => {
    expect(await announcedSize(blob(bytes))).toEqual({ width, height });
  });

  it("of a real photograph", async () => {
    expect(await announcedSize(new Blob([PORTRAIT]))).toEqual({ width: 512, height: 512 });
  });

  it.each<[string, number[]]>([
    ["nothing", []],
    ["text", ascii("this is no picture")],
    ["a PNG cut off", png(5, 5).slice(0, 22)],
    ["a JPEG cut off", jpeg(exif, frame(5, 5)).slice(0, -9)],
    ["a JPEG whose segment leads beyond its end", jpeg([0xff, 0xe1, 0xff, 0xff])],
    ["a JPEG that begins with its pixels", jpeg(segment(0xda, [0]), frame(5, 5))],
    ["a JPEG of noise", jpeg([1, 2, 3, 4, 5, 6, 7, 8, 9])],
    [
      "a JPEG of empty segments without end",
      jpeg(...Array<number[]>(5000).fill([0xff, 0xe0, 0, 2]), frame(5, 5)),
    ],
    ["a BMP cut off", bmp(5, 5).slice(0, 20)],
    ["a WebP of an unknown kind", webp("VP9 ", ...zeros(20))],
    ["a WebP cut off", webp("VP8X")],
  ])("is not told by %s", async (_, bytes) => {
    expect(await announcedSize(blob(bytes))).toBeNull();
  });
});

describe("decoding", () => {
  afterEach(() => vi.unstubAllGlobals());

  function decoder(width: number, height: number) {
    const close = vi.fn();
    const decode = vi.fn(() => Promise.resolve({ width, height, close }));
    vi.stubGlobal("createImageBitmap", decode);
    return { decode, close };
  }

  it("is refused by the header, before it begins", async () => {
    const { decode } = decoder(1, 1);
    await expect(decodePicture(blob(png(20_000, 20_000)))).rejects.toMatchObject({
      problem: "picture-too-large",
      message: "20000 x 20000",
    });
    expect(decode).not.toHaveBeenCalled();
  });

  it("is refused by what came out where the header lied or told nothing", async () => {
    for (const bytes of [png(4, 4), ascii("??")]) {
      const { close } = decoder(10_000, 5000);
      await expect(decodePicture(blob(bytes))).rejects.toMatchObject({
        problem: "picture-too-large",
      });
      expect(close).toHaveBeenCalledOnce();
    }
  });

  it("is done for what is small enough, without its colour profile", async () => {
    const { decode } = decoder(4, 4);
    const file = blob(png(4, 4));
    await decodePicture(file);
    expect(decode).toHaveBeenCalledWith(file, {
      colorSpaceConversion: "none",
      imageOrientation: "from-image",
    });
  });
});
