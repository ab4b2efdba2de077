/** A page without anything to see: the engine on raw frames, called by chromium.test.ts. */

import { loadListing, openEngine } from "../../../src/engine/index";
import {
  type Answer,
  type Engine,
  EngineError,
  type GraphicsWish,
  type ModelInfo,
  type Precision,
  type Progress,
  type StreamOptions,
} from "../../../src/engine/types";
import type { FrameRow } from "../../../src/vision/row";
import type { PictureFile } from "../cases";

/** What the test calls; everything passes as JSON. */
export interface ParityPage {
  /** Open the first model, on WASM unless told. */
  open(
    precision: Precision,
    graphics?: GraphicsWish,
  ): Promise<{ info: ModelInfo; progress: Progress[] }>;
  /** What the reader has become since it was opened; null as long as it is the same. */
  changed(): Promise<ModelInfo | null>;
  /** Read pictures of the folder `frames/`; times are null for stills. */
  read(
    options: StreamOptions,
    pictures: readonly PictureFile[],
    times: readonly (number | null)[],
  ): Promise<{ rows: FrameRow[]; ms: Answer["ms"][]; heat: number[] }>;
  /** The trouble of opening, null if there is none. */
  troubleOfOpening(): Promise<{ trouble: string; message: string } | null>;
  close(): Promise<void>;
}

let engine: Engine | null = null;
let changed: ModelInfo | null = null;

const page: ParityPage = {
  async open(precision, graphics = "off") {
    const [model] = (await loadListing()).models;
    if (model === undefined) throw new Error("expected a model in models.json, got none");
    const progress: Progress[] = [];
    const onProgress = (told: Progress) => progress.push(told);
    changed = null;
    const onInfo = (info: ModelInfo) => {
      changed = info;
    };
    const options = { model, precision, graphics, token: null, onProgress, onInfo };
    engine = await openEngine("device", options);
    return { info: engine.info, progress };
  },

  async changed() {
    return changed;
  },

  async read(options, pictures, times) {
    if (engine === null) throw new Error("open first");
    await engine.begin(options);
    const rows: FrameRow[] = [];
    const ms: Answer["ms"][] = [];
    const heat: number[] = [];
    for (const [at, picture] of pictures.entries()) {
      const answer = await engine.read(await bitmapOf(picture), times[at] ?? null);
      rows.push(answer.row);
      ms.push(answer.ms);
      heat.push(...answer.heat.map(({ values }) => Math.max(...values)));
    }
    return { rows, ms, heat };
  },

  async troubleOfOpening() {
    try {
      await page.open("fp32");
    } catch (error) {
      if (error instanceof EngineError) return { trouble: error.trouble, message: error.message };
      throw error;
    }
    return null;
  },

  async close() {
    await engine?.close();
    engine = null;
  },
};

async function bitmapOf({ file, width, height }: PictureFile): Promise<ImageBitmap> {
  const rgb = new Uint8Array(await (await fetch(`frames/${file}`)).arrayBuffer());
  const image = new ImageData(width, height);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    image.data.set(
      [rgb[from] as number, rgb[from + 1] as number, rgb[from + 2] as number, 255],
      to,
    );
  }
  return createImageBitmap(image, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
}

Object.assign(globalThis, { parity: page });
