import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Affine } from "../../../src/vision/alignment";
import type { Picture } from "../../../src/vision/graph";
import { cut, pack, windowOf } from "../../../src/vision/packing";
import { thinned } from "../../../src/vision/thinning";
import { floats, golden } from "./golden";

interface Digest {
  width: number;
  height: number;
  sha256: string;
}

const python = golden<{
  cuts: { affine: Affine; cut: Digest & { affine: Affine }; window: Digest & { affine: Affine } }[];
  repeats: { times: number; large: Affine; large_times: number };
  canvases: (Digest & { affines: number[] })[];
  order: number[];
  thinned: (Digest & { block: number })[];
}>("packing");

/** The pattern of `made_picture` in tools/web_pictures.py. */
function madePicture(width: number, height: number): Picture {
  const data = Uint8Array.from({ length: 3 * width * height }, (_, at) => {
    const channel = at % 3;
    const x = Math.floor(at / 3) % width;
    const y = Math.floor(at / 3 / width);
    return (7 * x + 13 * y + 29 * channel + x * y) % 251;
  });
  return { width, height, data };
}

function digest({ width, height, data }: Picture): Digest {
  return { width, height, sha256: createHash("sha256").update(data).digest("hex") };
}

const picture = madePicture(90, 70);

describe("packing, as Python has it", () => {
  it.each(python.cuts)("cuts $affine out, and the window around it", (wanted) => {
    const region = cut(picture, wanted.affine);
    expect({ ...digest(region.pixels), affine: region.affine }).toEqual(wanted.cut);
    const part = windowOf(picture, wanted.affine);
    expect({ ...digest(part.pixels), affine: part.affine }).toEqual(wanted.window);
  });

  it("lays many regions on the same canvases", () => {
    const { times, large, large_times } = python.repeats;
    const regions = [
      ...Array.from({ length: times }, () => python.cuts.map(({ affine }) => cut(picture, affine))),
      ...Array.from({ length: large_times }, () => [cut(picture, large)]),
    ].flat();
    const canvases = pack(regions);
    expect(canvases.map(({ image }) => digest(image))).toEqual(
      python.canvases.map(({ width, height, sha256 }) => ({ width, height, sha256 })),
    );
    expect(canvases.map(({ affines }) => affines)).toEqual(
      python.canvases.map(({ affines }) => floats(affines)),
    );
    const order = canvases.flatMap((canvas) => canvas.regions);
    expect(python.order.map((at) => order[at])).toEqual(Array.from(regions.keys()));
  });

  it("packs nothing on no canvas", () => {
    expect(pack([])).toEqual([]);
  });

  it.each(python.thinned)("thins by $block", ({ block, ...wanted }) => {
    expect(digest(thinned(picture, block))).toEqual(wanted);
  });
});
