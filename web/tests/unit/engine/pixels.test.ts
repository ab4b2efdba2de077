import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Pixels } from "../../../src/engine/pixels";

let canvases: number;
let failure: Error | null;

/** A canvas whose pixels count up, with an alpha that must be left out. */
class FakeCanvas {
  width: number;
  height: number;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    canvases += 1;
  }

  getContext(_kind: string, settings: object) {
    expect(settings).toEqual({ alpha: false, willReadFrequently: true });
    return {
      fillStyle: "",
      fillRect: () => {},
      drawImage: () => {
        if (failure) throw failure;
      },
      getImageData: (_x: number, _y: number, width: number, height: number) => ({
        data: Uint8ClampedArray.from({ length: 4 * width * height }, (_, at) =>
          at % 4 === 3 ? 255 : at,
        ),
      }),
    };
  }
}

function bitmap(width: number, height: number) {
  return { width, height, close: vi.fn() } as unknown as ImageBitmap;
}

beforeEach(() => {
  canvases = 0;
  failure = null;
  vi.stubGlobal("OffscreenCanvas", FakeCanvas);
});

afterEach(() => vi.unstubAllGlobals());

describe("Pixels", () => {
  it("gives RGB and closes the bitmap", () => {
    const frame = bitmap(2, 1);
    const picture = new Pixels().read(frame);
    expect(picture).toEqual({ width: 2, height: 1, data: Uint8Array.of(0, 1, 2, 4, 5, 6) });
    expect(frame.close).toHaveBeenCalledOnce();
  });

  it("keeps canvas and buffer while the size stays", () => {
    const pixels = new Pixels();
    const first = pixels.read(bitmap(2, 2)).data;
    expect(pixels.read(bitmap(2, 2)).data).toBe(first);
    expect(pixels.read(bitmap(3, 2)).data).toHaveLength(18);
    expect(canvases).toBe(1);
  });

  it("tells what cannot be read, and closes it all the same", () => {
    const empty = bitmap(0, 0);
    expect(() => new Pixels().read(empty)).toThrow(
      expect.objectContaining({ trouble: "picture-unreadable" }),
    );
    failure = new RangeError("Out of memory at ImageData creation");
    const large = bitmap(9, 9);
    expect(() => new Pixels().read(large)).toThrow(
      expect.objectContaining({ trouble: "out-of-memory" }),
    );
    for (const frame of [empty, large]) expect(frame.close).toHaveBeenCalledOnce();
  });
});
