/** From a list of files to a reader: fetch, check, compile. Runs in the worker. */

import { Mtcnn } from "../vision/mtcnn";
import { Recognizer } from "../vision/recognizer";
import { type Card, MODEL_FILES, parseCard } from "./card";
import { type FileRequest, fetchFile, fetchText } from "./files";
import type { Opened } from "./host";
import { SMALL_GRAPHS, type SmallGraph } from "./manifest";
import type { OpenOrder } from "./messages";
import { Reader } from "./reader";
import {
  checkWasm,
  configureRuntime,
  dropRuntimeFile,
  type OpenGraph,
  openGraph,
  threadsInUse,
} from "./runtime";
import { EngineError, type Progress } from "./types";

const RUNTIME = "ort-wasm-simd-threaded";

/** More threads cost more than they give: the graphs are small. */
const MOST_THREADS = 4;

/**
 * Open a model and the detector.
 *
 * @throws EngineError As its parts do.
 */
export async function openReader(
  order: OpenOrder,
  onProgress: (progress: Progress) => void,
): Promise<Opened> {
  checkWasm();
  const { manifest, model, precision } = order;
  const base = new URL(order.base);
  const bundle = new URL(`${model.folder.replace(/\/$/, "")}/`, base);
  const runtime = new URL(`${manifest.runtime.replace(/\/$/, "")}/`, base);
  const small = SMALL_GRAPHS.map((name) => {
    const { path, bytes, sha256 } = manifest.graphs[name];
    return { url: new URL(path, base), bytes, sha256 };
  });
  const wasm = { url: new URL(`${RUNTIME}.wasm`, runtime) };
  const [[binary], graphs, { card, data }] = await Promise.all([
    fetchPart("runtime", [wasm], onProgress),
    fetchPart("detector", small, onProgress),
    fetchModel(order, bundle, onProgress),
  ]);
  configureRuntime({
    script: new URL(`${RUNTIME}.mjs`, runtime),
    wasm: binary as Uint8Array<ArrayBuffer>,
    threads: threadsHere(),
  });
  const network = await openGraph(data);
  dropRuntimeFile();
  checkGraph(network, card);
  const opened: Partial<Record<SmallGraph, OpenGraph>> = {};
  for (const [at, name] of SMALL_GRAPHS.entries()) {
    opened[name] = await openGraph(graphs[at] as Uint8Array);
  }
  const { halve, ...detector } = opened as Record<SmallGraph, OpenGraph>;
  const { facts } = card;
  return {
    reader: new Reader(new Recognizer(facts, network, halve), new Mtcnn(detector)),
    info: {
      name: facts.name,
      precision,
      labels: facts.labels,
      threshold: facts.threshold,
      backend: "wasm",
      threads: threadsInUse(),
    },
  };
}

/**
 * Refuse a graph whose inputs and outputs are not what its card says.
 *
 * @throws EngineError `model-corrupt`.
 */
export function checkGraph({ inputs, outputs }: OpenGraph, card: Card): void {
  const isExpected =
    inputs.toSorted().join() === "affine,image" && outputs.join() === card.outputs.join();
  if (!isExpected) {
    throw new EngineError(
      "model-corrupt",
      `the graph of ${card.facts.name} has inputs ${inputs} and outputs ${outputs}, ` +
        `expected affine, image and ${card.outputs}; export the bundle again`,
    );
  }
}

async function fetchModel(
  { precision }: OpenOrder,
  bundle: URL,
  onProgress: (progress: Progress) => void,
): Promise<{ card: Card; data: Uint8Array }> {
  const card = parseCard(await fetchText(new URL("card.json", bundle)), precision);
  const file = { url: new URL(MODEL_FILES[precision], bundle), sha256: card.sha256 };
  const [data] = await fetchPart("model", [file], onProgress);
  return { card, data: data as Uint8Array };
}

/** Fetch files side by side and report them as one; the total is known when all of theirs are. */
async function fetchPart(
  part: string,
  files: readonly FileRequest[],
  onProgress: (progress: Progress) => void,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const loaded = files.map(() => 0);
  const totals = files.map(({ bytes }) => bytes ?? null);
  return Promise.all(
    files.map((file, at) =>
      fetchFile({
        ...file,
        onBytes: (count, total) => {
          loaded[at] = count;
          totals[at] = total;
          const all = totals.reduce(
            (sum, each) => (sum === null || each === null ? null : sum + each),
            0,
          );
          onProgress({ part, loaded: loaded.reduce((a, b) => a + b, 0), total: all });
        },
      }),
    ),
  );
}

/** Threads share memory, which browsers allow to isolated pages only. */
function threadsHere(): number {
  if (!globalThis.crossOriginIsolated) return 1;
  return Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1);
}
