/** ONNX Runtime Web on the graphics card (WebGPU); its code is a chunk of its own. */

import { type OpenGraph, opened } from "./runtime";
import type { GraphicsReason, GraphicsWish } from "./types";

/** Why there is no graphics card to try; null if there is one. A processor that imitates one is none. */
export async function whyNoGraphics(wish: GraphicsWish): Promise<GraphicsReason | null> {
  const adapter = await navigator.gpu.requestAdapter();
  if (adapter === null) return "missing";
  return adapter.info.isFallbackAdapter && wish !== "forced" ? "software" : null;
}

export interface GraphicsGraph {
  readonly graph: OpenGraph;
  /** Resolves with the browser's words when the card is gone; never after `drop`. */
  readonly lost: Promise<string>;
  /** Give the card back, whatever is still running on it. */
  drop(): void;
}

/**
 * Open a graph on the graphics card; what the card cannot do, and what is only about shapes, the
 * runtime does on the processor.
 *
 * @param script Address of the runtime's script.
 * @param wasm Content of its WebAssembly.
 */
export async function openOnGraphics(
  model: Uint8Array,
  script: URL,
  wasm: Uint8Array<ArrayBuffer>,
): Promise<GraphicsGraph> {
  const ort = await import("onnxruntime-web/jspi");
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = 1; // next to nothing is left to the processor
  ort.env.wasm.wasmPaths = { mjs: script };
  ort.env.wasm.wasmBinary = wasm;
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ["webgpu"],
    graphOptimizationLevel: "all",
    enableMemPattern: false,
  });
  delete ort.env.wasm.wasmBinary;
  const device = await ort.env.webgpu.device;
  const graph = opened(ort, session);
  let isDropped = false;
  return {
    graph,
    lost: new Promise((resolve) => {
      void device.lost.then(({ reason, message }) => isDropped || resolve(`${reason}: ${message}`));
    }),
    drop() {
      isDropped = true;
      device.destroy(); // first: a run that never ends would hold up the release
      graph.release().catch(() => undefined);
    },
  };
}
