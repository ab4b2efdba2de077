/** ONNX Runtime Web (WASM) behind the interface of `vision/graph`. */

import * as ort from "onnxruntime-web/wasm";
import type { Graph, Tensor } from "../vision/graph";
import { messageOf, troubleOf } from "./trouble";
import { EngineError } from "./types";

/** The least WebAssembly module there is: magic number and version. */
const EMPTY_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

export interface RuntimeFiles {
  /** Address of `ort-wasm-simd-threaded.mjs`, which threads load too. */
  readonly script: URL;
  /** Content of `ort-wasm-simd-threaded.wasm`. */
  readonly wasm: Uint8Array<ArrayBuffer>;
  readonly threads: number;
}

/** What all builds of the runtime have in common; the tensors of one are strangers to another. */
export type Build = Pick<typeof ort, "Tensor">;

/** A graph that can be asked, and freed. */
export interface OpenGraph extends Graph {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  release(): Promise<void>;
}

/**
 * Refuse where the browser or the page's policy lets no WebAssembly be compiled.
 *
 * @throws EngineError `wasm-blocked`.
 */
export function checkWasm(): void {
  try {
    new WebAssembly.Module(EMPTY_MODULE);
  } catch (error) {
    throw new EngineError("wasm-blocked", messageOf(error));
  }
}

/**
 * Say where the runtime is and how many threads it may have; it starts with the first graph.
 *
 * @throws EngineError `model-corrupt` if the file is no WebAssembly.
 */
export function configureRuntime({ script, wasm, threads }: RuntimeFiles): void {
  if (!EMPTY_MODULE.every((byte, at) => wasm[at] === byte)) {
    throw new EngineError("model-corrupt", "the WASM runtime is no WebAssembly file");
  }
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = { mjs: script };
  ort.env.wasm.wasmBinary = wasm;
}

/** Threads the runtime really has, after the first graph was opened. */
export function threadsInUse(): number {
  return ort.env.wasm.numThreads ?? 1;
}

/** Let the runtime's file go once it is compiled: 14 MB. */
export function dropRuntimeFile(): void {
  delete ort.env.wasm.wasmBinary;
}

/**
 * Open a graph from its bytes.
 *
 * @throws EngineError `model-corrupt` if the runtime refuses it; `wasm-blocked`, `out-of-memory`,
 *   or `model-missing` if the runtime's script cannot be fetched.
 */
export async function openGraph(model: Uint8Array): Promise<OpenGraph> {
  try {
    const session = await ort.InferenceSession.create(model, {
      executionProviders: ["wasm"],
      graphOptimizationLevel: "all",
      // Shapes differ from frame to frame, and the runtime would keep a plan for each.
      enableMemPattern: false,
    });
    return opened(ort, session);
  } catch (error) {
    const isMissing = /dynamically imported module|error loading/i.test(messageOf(error));
    throw troubleOf(error, isMissing ? "model-missing" : "model-corrupt");
  }
}

/** A session of any build as a graph. */
export function opened(build: Build, session: ort.InferenceSession): OpenGraph {
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    run: (feeds, outputs) => answerOf(build, session, feeds, outputs),
    release: () => session.release(),
  };
}

async function answerOf(
  build: Build,
  session: ort.InferenceSession,
  feeds: Readonly<Record<string, Tensor>>,
  outputs: readonly string[],
): Promise<Record<string, Tensor>> {
  const given = Object.fromEntries(
    Object.entries(feeds).map(([name, tensor]) => [name, ortTensor(build, tensor)]),
  );
  try {
    const answer = await session.run(given, outputs);
    return Object.fromEntries(
      Object.entries(answer).map(([name, { data, dims }]) => [
        name,
        { data: data as Tensor["data"], dims },
      ]),
    );
  } finally {
    for (const tensor of Object.values(given)) tensor.dispose();
  }
}

function ortTensor(build: Build, { data, dims }: Tensor): ort.Tensor {
  if (data instanceof Uint8Array) return new build.Tensor("uint8", data, dims);
  if (data instanceof Float32Array) return new build.Tensor("float32", data, dims);
  return new build.Tensor("int64", data, dims);
}
