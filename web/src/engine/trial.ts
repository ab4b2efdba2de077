/** One model on two runtimes: how long each takes for a face, and how far apart they answer. */

import { floatsOf, type Graph, type Tensor } from "../vision/graph";
import type { ModelFacts } from "../vision/recognizer";
import { scoresOf } from "../vision/scores";
import { median, type Trial } from "./choice";

/** The cut-out of a face in a 640 x 480 picture is about this wide. */
const SIDE = 160;

/** Made pictures: soft waves of three lengths, which the networks answer differently. */
const WAVES = [9, 23, 41] as const;

/** Runs that count: up to 15, or as many as fit in two seconds and no fewer than 3. */
const RUNS = 15;
const LEAST_RUNS = 3;
const LONGEST_MS = 2000;

export interface Runtimes {
  /** What reads without a graphics card, at the precision that was chosen. */
  readonly usual: Graph;
  /** fp32 on WASM: what WebGPU must answer. */
  readonly exact: Graph;
  readonly webgpu: Graph;
}

/**
 * Run all on the same pictures, the two that are timed by turns, so that whatever else the device
 * does meets both.
 *
 * @param facts Of the fp32 file.
 */
export async function tried(
  { usual, exact, webgpu }: Runtimes,
  facts: ModelFacts,
  now: () => number = () => performance.now(),
): Promise<Trial> {
  let difference = 0;
  for (const wave of WAVES) {
    const feeds = madeFace(wave);
    const wanted = await probabilities(exact, feeds, facts);
    const got = await probabilities(webgpu, feeds, facts);
    wanted.forEach((value, at) => {
      difference = Math.max(difference, Math.abs(value - (got[at] ?? Number.NaN)));
    });
  }
  const times = { usual: [] as number[], webgpu: [] as number[] };
  const began = now();
  // Run 0 does not count: it makes room; the pictures above have compiled the shaders.
  for (let run = 0; run <= RUNS; run++) {
    if (run > LEAST_RUNS && now() - began > LONGEST_MS) break;
    const feeds = madeFace(WAVES[run % WAVES.length] as number);
    for (const [name, graph] of [["usual", usual] as const, ["webgpu", webgpu] as const]) {
      const start = now();
      await graph.run(feeds, ["logits"]);
      if (run > 0) times[name].push(now() - start);
    }
  }
  return { wasmMs: median(times.usual), webgpuMs: median(times.webgpu), difference };
}

async function probabilities(
  graph: Graph,
  feeds: Readonly<Record<string, Tensor>>,
  { labels, temperature, threshold }: ModelFacts,
): Promise<Float32Array> {
  const { logits } = await graph.run(feeds, ["logits"]);
  return scoresOf(floatsOf(logits), labels, temperature, threshold).probabilities;
}

/** What the graph is fed with for one face, slightly turned. */
function madeFace(wave: number): Record<string, Tensor> {
  const data = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % SIDE, Math.floor(at / (3 * SIDE))];
    return 128 + 60 * Math.sin(x / wave) + 60 * Math.cos((x + 2 * y) / wave);
  });
  const half = (SIDE - 4) / 2;
  const [cos, sin] = [0.9 * half, 0.1 * half];
  const middle = (SIDE - 1) / 2;
  return {
    image: { data, dims: [SIDE, SIDE, 3] },
    affine: { data: Float32Array.of(cos, -sin, middle, sin, cos, middle), dims: [1, 2, 3] },
  };
}
