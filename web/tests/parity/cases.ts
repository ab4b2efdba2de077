/** Raw RGB frames and the rows that Python read in them (tools/make_web_frames.py). */

import { existsSync, readFileSync } from "node:fs";
import type { Precision } from "../../src/engine/types";
import type { Picture } from "../../src/vision/graph";
import type { FrameRow } from "../../src/vision/row";

export interface PictureFile {
  readonly file: string;
  readonly width: number;
  readonly height: number;
}

type Rows = Readonly<Record<Precision, readonly FrameRow[]>>;

export interface Cases {
  readonly stills: {
    readonly names: readonly string[];
    readonly pictures: readonly PictureFile[];
    readonly rows: Rows;
  };
  readonly video: {
    readonly every: number;
    readonly smoothing_s: number;
    readonly times: readonly number[];
    readonly pictures: readonly PictureFile[];
    readonly rows: Rows;
  };
}

const FOLDER = new URL("../frames/", import.meta.url);

/** @throws Error If the frames have not been made. */
export function readCases(): Cases {
  const file = new URL("cases.json", FOLDER);
  if (!existsSync(file)) {
    throw new Error("web/tests/frames is not there; do: python tools/make_web_frames.py");
  }
  return JSON.parse(readFileSync(file, "utf8")) as Cases;
}

export function readPicture({ file, width, height }: PictureFile): Picture {
  const bytes = readFileSync(new URL(file, FOLDER));
  if (bytes.length !== 3 * width * height) {
    throw new Error(`${file} has ${bytes.length} bytes, expected ${3 * width * height}`);
  }
  return { width, height, data: new Uint8Array(bytes) };
}
