/**
 * What the page asks of whatever reads faces: the worker on this device, or a server.
 * Both answer rows of one format, so the page shows, smooths and exports them alike.
 */

import type { HeatMap } from "../vision/recognizer";
import type { FrameRow } from "../vision/row";

export type Precision = "fp32" | "int8";
export type Mode = "device" | "server";

/**
 * Whether the graphics card may read the model: never; where it is a real one and measures faster;
 * always, which is for tests.
 */
export type GraphicsWish = "off" | "faster" | "forced";

/**
 * Why WebGPU is used ("faster", "forced") or WASM stays: it is not faster, answers differently, the
 * card is imitated by the processor, there is none, something failed, or it was lost on the way.
 */
export type GraphicsReason =
  | "faster"
  | "forced"
  | "slower"
  | "different"
  | "software"
  | "missing"
  | "failed"
  | "lost";

/** What came of the wish for the graphics card. */
export interface GraphicsReport {
  readonly reason: GraphicsReason;
  /** Median milliseconds of the model step for one face; null where nothing was measured. */
  readonly wasmMs: number | null;
  readonly webgpuMs: number | null;
  /** Largest difference of a probability; null where nothing was measured. */
  readonly difference: number | null;
  /** What the browser or the runtime said; empty where nothing failed. */
  readonly detail: string;
}

/** What can be chosen: one line of `models.json` beside the page. */
export interface ModelEntry {
  readonly name: string;
  /** Folder of the bundle, relative to the page, with card.json and the graphs. */
  readonly folder: string;
  readonly precisions: readonly Precision[];
  readonly parameters: number;
  readonly licence: string;
}

/** What the page is told with itself. */
export interface Listing {
  readonly models: readonly ModelEntry[];
  /** Whether the server of this page keeps labelled crops. */
  readonly collects: boolean;
}

/** What the reader is, once it is ready. */
export interface ModelInfo {
  readonly name: string;
  readonly precision: Precision;
  readonly labels: readonly string[];
  /** Top probability below which an answer is `uncertain`. */
  readonly threshold: number;
  /** "wasm" or "webgpu" on the device, "server" otherwise. */
  readonly backend: "wasm" | "webgpu" | "server";
  readonly threads: number;
  /** Not there where no graphics card was asked for. */
  readonly graphics?: GraphicsReport;
}

export interface Answer {
  readonly row: FrameRow;
  /** One map per face of the row, in the same order. */
  readonly heat: readonly HeatMap[];
  /** Milliseconds; null where the reader cannot tell. */
  readonly ms: {
    readonly detect: number | null;
    readonly model: number | null;
    /** From handing over the frame to the answer. */
    readonly total: number;
  };
  /** Frames of this stream that were left out so far because a newer one came. */
  readonly dropped: number;
}

export interface Progress {
  /** What is being fetched: "runtime", "detector", "model" or "graphics". */
  readonly part: string;
  readonly loaded: number;
  /** Bytes in all; null while unknown. */
  readonly total: number | null;
}

/** Why something cannot go on; the page has a text for each. */
export type Trouble =
  | "model-missing"
  | "model-corrupt"
  | "wasm-blocked"
  | "out-of-memory"
  | "server-lost"
  | "server-refused"
  | "server-forbidden"
  | "server-busy"
  | "server-too-large"
  | "picture-unreadable"
  | "defect";

export class EngineError extends Error {
  readonly trouble: Trouble;

  constructor(trouble: Trouble, message: string) {
    super(message);
    this.name = "EngineError";
    this.trouble = trouble;
  }
}

export interface EngineOptions {
  readonly model: ModelEntry;
  readonly precision: Precision;
  readonly graphics?: GraphicsWish;
  /** Called when the reader is no longer what it was: the graphics card was lost. */
  readonly onInfo?: (info: ModelInfo) => void;
  /** Called while files are fetched. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface StreamOptions {
  /** Name in the rows. */
  readonly source: string;
  /** Frames from one detection to the next; 1 for stills and recordings. */
  readonly every: number;
  /** Time constant in seconds; 0 = nothing is smoothed. */
  readonly smoothingS: number;
  /** Whether heat maps are wanted. */
  readonly heat: boolean;
}

/** One reader of faces. Every promise rejects with `EngineError` only. */
export interface Engine {
  readonly info: ModelInfo;
  /** Forget tracks and smoothing, and begin a new source. */
  begin(options: StreamOptions): Promise<void>;
  /**
   * Read one frame. The bitmap is transferred and closed by the reader. Calls are answered in
   * order; a live page waits for an answer before it sends the newest frame.
   *
   * @param timeS Time of the frame in its source, seconds, rising; null for a still.
   */
  read(frame: ImageBitmap, timeS: number | null): Promise<Answer>;
  /** Free everything; the engine cannot be used afterwards. */
  close(): Promise<void>;
}
