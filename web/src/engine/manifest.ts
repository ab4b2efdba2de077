/** `models.json` beside the page: which models there are, and where detector and runtime lie. */

import { DETECTOR_GRAPHS } from "../vision/networks";
import { list, table, text, whole } from "./checks";
import { fetchText } from "./files";
import { messageOf } from "./trouble";
import { EngineError, type ModelEntry, type Precision } from "./types";

/** Graphs of the detector, and the one that halves pictures before the crop. */
export const SMALL_GRAPHS = [...DETECTOR_GRAPHS, "halve"] as const;
export type SmallGraph = (typeof SMALL_GRAPHS)[number];

export interface PromisedFile {
  /** Relative to the page. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface Manifest {
  readonly models: readonly ModelEntry[];
  readonly graphs: Readonly<Record<SmallGraph, PromisedFile>>;
  /** Folder of the WASM runtime, relative to the page. */
  readonly runtime: string;
  /** Whether the server of this page keeps labelled crops; a static host never does. */
  readonly collects: boolean;
}

/**
 * Fetch and check the list.
 *
 * @param base Address of the page.
 * @throws EngineError `model-missing` or `model-corrupt`.
 */
export async function fetchManifest(base: URL): Promise<Manifest> {
  return parseManifest(await fetchText(new URL("models.json", base)));
}

/** @throws EngineError `model-corrupt` if the list is damaged. */
export function parseManifest(json: string): Manifest {
  try {
    const given = table(JSON.parse(json), "models.json");
    const detector = table(given.detector, "detector");
    const folder = text(detector.folder, "detector.folder");
    const files = table(detector.files, "detector.files");
    const graphs = SMALL_GRAPHS.map((name) => {
      const file = table(files[`${name}.onnx`], `detector.files["${name}.onnx"]`);
      const promised: PromisedFile = {
        path: `${folder.replace(/\/$/, "")}/${name}.onnx`,
        bytes: whole(file.bytes, `bytes of ${name}.onnx`, 1),
        sha256: text(file.sha256, `sha256 of ${name}.onnx`),
      };
      return [name, promised] as const;
    });
    return {
      models: list(given.models, "models").map(modelEntry),
      graphs: Object.fromEntries(graphs) as Record<SmallGraph, PromisedFile>,
      runtime: text(given.runtime, "runtime"),
      collects: given.collects === true,
    };
  } catch (error) {
    throw new EngineError("model-corrupt", `models.json is damaged: ${messageOf(error)}`);
  }
}

function modelEntry(value: unknown): ModelEntry {
  const entry = table(value, "a model");
  const precisions = list(entry.precisions, "precisions");
  if (precisions.length === 0 || !precisions.every((each) => each === "fp32" || each === "int8")) {
    throw new TypeError(`precisions must be fp32 or int8, got ${JSON.stringify(precisions)}`);
  }
  return {
    name: text(entry.name, "name"),
    folder: text(entry.folder, "folder"),
    precisions: precisions as readonly Precision[],
    parameters: whole(entry.parameters, "parameters", 0),
    licence: text(entry.licence, "licence"),
  };
}
