/** From a list of files to a reader: fetch, check, compile. Runs in the worker. */

import { Mtcnn } from "../vision/mtcnn";
import { Recognizer } from "../vision/recognizer";
import type { Card } from "./card";
import { chosenNetwork } from "./choosing";
import type { Opened } from "./host";
import { SMALL_GRAPHS, type SmallGraph } from "./manifest";
import type { OpenOrder } from "./messages";
import { fetchModel, fetchPart } from "./parts";
import { Reader } from "./reader";
import { checkWasm, configureRuntime, dropRuntimeFile, type OpenGraph, openGraph } from "./runtime";
import { EngineError, type ModelInfo, type Progress } from "./types";

const RUNTIME = "ort-wasm-simd-threaded";

/** More threads cost more than they give: the graphs are small. */
const MOST_THREADS = 4;

/**
 * Open a model and the detector.
 *
 * @param onInfo Called when the reader is no longer what it was.
 * @throws EngineError As its parts do.
 */
export async function openReader(
  order: OpenOrder,
  onProgress: (progress: Progress) => void,
  onInfo: (info: ModelInfo) => void,
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
    fetchModel(precision, bundle, onProgress),
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
  const usual = { card, data, graph: network, precision };
  const chosen = await chosenNetwork(order, usual, bundle, { onProgress, onInfo });
  const recognizer = new Recognizer(chosen.card.facts, chosen.graph, halve);
  return { reader: new Reader(recognizer, new Mtcnn(detector)), info: chosen.info };
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

/** Threads share memory, which browsers allow to isolated pages only. */
function threadsHere(): number {
  if (!globalThis.crossOriginIsolated) return 1;
  return Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1);
}
