/** WASM or WebGPU for the model: fetched, tried and chosen when it is opened. */

import type { Graph } from "../vision/graph";
import type { Card } from "./card";
import { isUsed, judged, type Trial } from "./choice";
import { type GraphicsGraph, openOnGraphics, whyNoGraphics } from "./graphics";
import { graphicsFiles } from "./graphicsFiles";
import { Guarded } from "./guarded";
import type { OpenOrder } from "./messages";
import { type FetchedModel, fetchModel, fetchPart } from "./parts";
import { type OpenGraph, openGraph, threadsInUse } from "./runtime";
import { tried } from "./trial";
import { messageOf } from "./trouble";
import type { GraphicsReport, ModelInfo, Precision, Progress } from "./types";

/** A graphics card that takes longer than this for the trial is not waited for. */
const PATIENCE_MS = 30_000;

/** The model on WASM: graph and file. */
export interface Usual extends FetchedModel {
  readonly graph: OpenGraph;
  readonly precision: Precision;
}

export interface Chosen {
  readonly graph: Graph;
  readonly card: Card;
  readonly info: ModelInfo;
}

interface Listeners {
  readonly onProgress: (progress: Progress) => void;
  /** Called when the graphics card is lost while it reads, and WASM continues. */
  readonly onInfo: (info: ModelInfo) => void;
}

/**
 * The model on the graphics card, if that is wished and measures faster, else as it was. Never
 * fails: the report says whatever goes wrong with the graphics card.
 *
 * @param bundle Folder of the model.
 */
export async function chosenNetwork(
  order: OpenOrder,
  usual: Usual,
  bundle: URL,
  listeners: Listeners,
): Promise<Chosen> {
  if (order.graphics === "off") return { ...usual, info: infoOf(usual, "wasm") };
  const stays = (report: Partial<GraphicsReport>) => staying(usual, report);
  try {
    const files = graphicsFiles();
    if (files === null) return stays({ reason: "missing" });
    const reason = await whyNoGraphics(order.graphics);
    if (reason !== null) return stays({ reason });
    const base = new URL(order.base);
    const { path, bytes, sha256 } = files;
    const { onProgress } = listeners;
    const [[wasm], exact] = await Promise.all([
      fetchPart("graphics", [{ url: new URL(path, base), bytes, sha256 }], onProgress),
      exactOf(usual, bundle, onProgress),
    ]);
    const script = new URL(files.script, base);
    const webgpu = await openOnGraphics(exact.data, script, wasm as Uint8Array<ArrayBuffer>);
    return await better(order, { usual, exact, webgpu }, listeners);
  } catch (error) {
    return stays({ reason: "failed", detail: messageOf(error) });
  }
}

/** int8 has nothing to gain on a graphics card: there the fp32 file runs. */
async function exactOf(
  usual: Usual,
  bundle: URL,
  onProgress: Listeners["onProgress"],
): Promise<Usual> {
  if (usual.precision === "fp32") return usual;
  const model = await fetchModel("fp32", bundle, onProgress);
  return { ...model, graph: await openGraph(model.data), precision: "fp32" };
}

interface Candidates {
  readonly usual: Usual;
  /** fp32 on WASM: what the graphics card must answer, and what reads when it is lost. */
  readonly exact: Usual;
  readonly webgpu: GraphicsGraph;
}

async function better(
  order: OpenOrder,
  { usual, exact, webgpu }: Candidates,
  { onInfo }: Listeners,
): Promise<Chosen> {
  let isWebgpuUsed = false;
  try {
    const graphs = { usual: usual.graph, exact: exact.graph, webgpu: webgpu.graph };
    const patienceMs = order.graphics === "forced" ? null : PATIENCE_MS;
    const trial = await inTime(tried(graphs, exact.card.facts), webgpu.lost, patienceMs);
    const report = { ...trial, reason: judged(trial, order.graphics), detail: "" };
    isWebgpuUsed = isUsed(report.reason);
    if (!isWebgpuUsed) return staying(usual, report);
    const graph = new Guarded(webgpu.graph, exact.graph, webgpu.lost, (detail) => {
      webgpu.drop();
      onInfo(infoOf(exact, "wasm", { ...report, reason: "lost", detail }));
    });
    return { graph, card: exact.card, info: infoOf(exact, "webgpu", report) };
  } finally {
    if (!isWebgpuUsed) webgpu.drop();
    if (exact !== usual) await (isWebgpuUsed ? usual : exact).graph.release();
  }
}

/** The trial, unless the graphics card is lost or too slow for it. */
async function inTime(
  trial: Promise<Trial>,
  lost: Promise<string>,
  patienceMs: number | null,
): Promise<Trial> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(new Error(`the trial took longer than ${PATIENCE_MS / 1000} s`));
    if (patienceMs !== null) timer = setTimeout(fail, patienceMs);
  });
  const gone = lost.then((why) => Promise.reject(new Error(why)));
  try {
    return await Promise.race([trial, gone, late]);
  } finally {
    clearTimeout(timer);
    gone.catch(() => undefined); // reported by `Guarded` from now on
  }
}

function staying(usual: Usual, report: Partial<GraphicsReport>): Chosen {
  const whole: GraphicsReport = { ...UNMEASURED, ...report };
  return { ...usual, info: infoOf(usual, "wasm", whole) };
}

const UNMEASURED: GraphicsReport = {
  reason: "missing",
  wasmMs: null,
  webgpuMs: null,
  difference: null,
  detail: "",
};

function infoOf(
  { card: { facts }, precision }: Pick<Usual, "card" | "precision">,
  backend: ModelInfo["backend"],
  graphics?: GraphicsReport,
): ModelInfo {
  return {
    name: facts.name,
    precision,
    labels: facts.labels,
    threshold: facts.threshold,
    backend,
    threads: threadsInUse(),
    ...(graphics === undefined ? {} : { graphics }),
  };
}
