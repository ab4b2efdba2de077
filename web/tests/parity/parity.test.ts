/**
 * The port against Python on the same frames (DESIGN 9), with ONNX Runtime Web in Node:
 *
 *     python tools/make_web_frames.py
 *     npx vitest run --config tests/parity/vitest.config.ts
 */

import * as ort from "onnxruntime-web/wasm";
import { beforeAll, describe, expect, it } from "vitest";
import type { SmallGraph } from "../../src/engine/manifest";
import { checkGraph } from "../../src/engine/opening";
import { Reader } from "../../src/engine/reader";
import { type OpenGraph, openGraph } from "../../src/engine/runtime";
import type { Precision } from "../../src/engine/types";
import { Mtcnn } from "../../src/vision/mtcnn";
import { Recognizer } from "../../src/vision/recognizer";
import type { FrameRow } from "../../src/vision/row";
import { readCases, readPicture } from "./cases";
import { BARS, distanceOf } from "./compare";
import { readCard, readModel, readSmallGraphs } from "./files";

const cases = readCases();
const { stills, video } = cases;
let graphs: Record<SmallGraph, OpenGraph>;

beforeAll(async () => {
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  const opened: [SmallGraph, OpenGraph][] = [];
  for (const [name, data] of readSmallGraphs()) opened.push([name, await openGraph(data)]);
  graphs = Object.fromEntries(opened) as Record<SmallGraph, OpenGraph>;
});

async function readerOf(precision: Precision): Promise<Reader> {
  const card = readCard(precision);
  const model = await openGraph(readModel(precision));
  checkGraph(model, card);
  return new Reader(new Recognizer(card.facts, model, graphs.halve), new Mtcnn(graphs));
}

async function stillRows(reader: Reader): Promise<FrameRow[]> {
  reader.begin({ source: "parity", every: 1, smoothingS: 0, heat: true });
  const rows: FrameRow[] = [];
  for (const file of stills.pictures) rows.push((await reader.read(readPicture(file), null)).row);
  return rows;
}

async function videoRows(reader: Reader): Promise<FrameRow[]> {
  const { every, smoothing_s: smoothingS, times, pictures } = video;
  reader.begin({ source: "parity", every, smoothingS, heat: true });
  const rows: FrameRow[] = [];
  for (const [at, file] of pictures.entries()) {
    rows.push((await reader.read(readPicture(file), times[at] as number)).row);
  }
  return rows;
}

describe.each(["fp32", "int8"] as const)("%s", (precision) => {
  let reader: Reader;

  beforeAll(async () => {
    reader = await readerOf(precision);
  });

  it.each([
    ["stills", stills.rows, stillRows],
    ["video", video.rows, videoRows],
  ] as const)("%s", async (name, rows, read) => {
    const distance = distanceOf(rows[precision], await read(reader));
    console.log(`${precision}, ${name}: ${JSON.stringify(distance)}`);
    expect(distance.strange).toEqual([]);
    expect(distance.faces).toBeGreaterThan(15);
    expect(distance.box).toBeLessThanOrEqual(BARS.box);
    if (precision === "fp32") {
      expect(distance.probability).toBeLessThanOrEqual(BARS.probability);
      expect(distance.labels).toBe(0);
    }
  });
});
