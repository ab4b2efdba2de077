/** A reader that sees faces where there may be none: for views, tests and screenshots. */

import type { OpenOptions, Services } from "../../src/app/services";
import {
  type Answer,
  type Engine,
  EngineError,
  type Mode,
  type ModelEntry,
  type ModelInfo,
  type StreamOptions,
  type Trouble,
} from "../../src/engine/types";
import { OfflinePage } from "../../src/offline/client";
import type { HeatMap } from "../../src/vision/recognizer";
import type { FaceRow, FrameRow } from "../../src/vision/row";
import { type FakeSamplesOptions, FakeStore, fakeOpener, LABELS } from "./samples";

export const ENTRIES: readonly ModelEntry[] = [
  {
    name: "tiny",
    folder: "models/tiny",
    precisions: ["fp32", "int8"],
    parameters: 281_543,
    licence: "Apache-2.0",
  },
  {
    name: "small",
    folder: "models/small",
    precisions: ["fp32"],
    parameters: 1_135_511,
    licence: "Apache-2.0",
  },
];

export interface FakeOptions {
  readonly faces?: number;
  readonly unsure?: boolean;
  /** The label that always leads; without one each has its turn. */
  readonly lead?: (typeof LABELS)[number];
  /** What opening fails with. */
  readonly trouble?: Trouble;
  /** Opening never ends; the progress stands still. */
  readonly loading?: boolean;
  /** What the server of the page keeps; without it, it does not collect. */
  readonly samples?: FakeSamplesOptions;
  /** Box of the first face as shares of the frame; it moves where none is given. */
  readonly box?: readonly [number, number, number, number];
}

export function fakeServices(
  options: FakeOptions = {},
  store: FakeStore = new FakeStore(options.samples),
): Services {
  return {
    loadListing: () =>
      Promise.resolve({ models: ENTRIES, collects: options.samples !== undefined }),
    openSamples: fakeOpener(store, options.samples ?? {}),
    openEngine: (mode, given) => openFake(mode, given, options),
    offline: new OfflinePage(null, "", () => undefined),
  };
}

async function openFake(mode: Mode, given: OpenOptions, options: FakeOptions): Promise<Engine> {
  if (options.loading === true) {
    given.onProgress?.({ part: "runtime", loaded: 3_662_000, total: 3_662_000 });
    given.onProgress?.({ part: "detector", loaded: 1_240_000, total: 1_980_000 });
    given.onProgress?.({ part: "model", loaded: 120_000, total: 640_000 });
    return new Promise(() => undefined);
  }
  if (
    options.trouble !== undefined &&
    (mode === "server") === options.trouble.startsWith("server")
  ) {
    throw new EngineError(options.trouble, `asked for ${given.model?.folder ?? "the server"}`);
  }
  return new FakeEngine(
    {
      name: given.model?.name ?? "base",
      precision: given.precision,
      labels: LABELS,
      threshold: 0.45,
      backend: mode === "server" ? "server" : "wasm",
      threads: 2,
    },
    options,
  );
}

export class FakeEngine implements Engine {
  readonly info: ModelInfo;
  readonly #options: FakeOptions;
  #stream: StreamOptions | null = null;
  #frame = 0;
  closed = false;

  constructor(info: ModelInfo, options: FakeOptions) {
    this.info = info;
    this.#options = options;
  }

  begin(options: StreamOptions): Promise<void> {
    this.#stream = options;
    this.#frame = 0;
    return Promise.resolve();
  }

  async read(frame: ImageBitmap, timeS: number | null): Promise<Answer> {
    const { width, height } = frame;
    frame.close();
    await new Promise((resolve) => setTimeout(resolve, 18));
    const count = this.#options.faces ?? 1;
    const faces = Array.from({ length: count }, (_, index) =>
      fakeFace(index, timeS, width, height, this.#options),
    );
    const row: FrameRow = {
      schema: "mien.row/1",
      model: this.info.name,
      source: this.#stream?.source ?? "",
      frame: this.#frame,
      time_s: timeS,
      width,
      height,
      faces,
    };
    this.#frame += 1;
    return {
      row,
      heat: faces.map((face) => fakeHeat(face.box)),
      ms: { detect: 9, model: 6, total: 21 },
      dropped: 0,
    };
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

/** Probabilities that wander with time. */
function fakeProbabilities(timeS: number, options: FakeOptions): Record<string, number> {
  const exact = LABELS.map((_, k) => {
    const turn = Math.cos((timeS / 12 - k / LABELS.length) * 2 * Math.PI);
    const ahead = LABELS[k] === options.lead ? 3 : 0;
    const swing = options.unsure === true ? 0.6 : options.lead === undefined ? 3.2 : 1.2;
    return Math.exp(swing * turn + ahead);
  });
  const sum = exact.reduce((a, b) => a + b, 0);
  return Object.fromEntries(
    LABELS.map((label, k) => [label, Math.round(((exact[k] as number) / sum) * 1e6) / 1e6]),
  );
}

function fakeFace(
  index: number,
  timeS: number | null,
  width: number,
  height: number,
  options: FakeOptions,
): FaceRow {
  const at = timeS ?? 5.2;
  const table = fakeProbabilities(at + index * 4, options);
  const label = LABELS.reduce((a, b) => ((table[b] ?? 0) > (table[a] ?? 0) ? b : a));
  const moving = options.box === undefined || index > 0;
  const left = 0.36 + index * 0.3 + 0.06 * Math.sin(at);
  const [x1, y1, x2, y2] = moving
    ? [left, 0.24, left + 0.24, 0.62]
    : (options.box as readonly [number, number, number, number]);
  const box = [x1 * width, y1 * height, x2 * width, y2 * height].map(Math.round) as unknown as [
    number,
    number,
    number,
    number,
  ];
  const point = (u: number, v: number): [number, number] => [
    box[0] + u * (box[2] - box[0]),
    box[1] + v * (box[3] - box[1]),
  ];
  return {
    box,
    score: 0.9971,
    landmarks: [
      point(0.32, 0.4),
      point(0.68, 0.4),
      point(0.5, 0.6),
      point(0.36, 0.78),
      point(0.64, 0.78),
    ],
    track: timeS === null ? null : index,
    detected: true,
    probabilities: table,
    smoothed: timeS === null ? null : table,
    label,
    uncertain: (table[label] ?? 0) < 0.45,
  };
}

function fakeHeat(box: FaceRow["box"]): HeatMap {
  const size = 6;
  const values = Float32Array.from({ length: size * size }, (_, i) => {
    const [x, y] = [(i % size) - 2.5, Math.floor(i / size) - 3.4];
    return Math.exp(-(x * x) / 6 - (y * y) / 2);
  });
  const [x1, y1, x2, y2] = box;
  const [w, h] = [(x2 - x1) / 2, (y2 - y1) / 2];
  return { width: size, height: size, values, affine: [w, 0, x1 + w, 0, h, y1 + h] };
}
