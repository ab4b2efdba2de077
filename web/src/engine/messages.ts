/** What page and worker say to one another. */

import type { Manifest } from "./manifest";
import type { ReaderAnswer } from "./reader";
import type {
  GraphicsWish,
  ModelEntry,
  ModelInfo,
  Precision,
  Progress,
  StreamOptions,
  Trouble,
} from "./types";

/** All the worker needs to open a model; addresses are absolute or relative to `base`. */
export interface OpenOrder {
  readonly base: string;
  readonly manifest: Manifest;
  readonly model: ModelEntry;
  readonly precision: Precision;
  readonly graphics: GraphicsWish;
}

/** What the page asks for, and what it gets. */
export interface Orders {
  readonly open: { readonly order: OpenOrder; readonly answer: ModelInfo };
  readonly begin: { readonly order: StreamOptions; readonly answer: null };
  readonly read: {
    readonly order: { readonly frame: ImageBitmap; readonly timeS: number | null };
    readonly answer: ReaderAnswer;
  };
}

export type OrderKind = keyof Orders;

/** Page to worker. */
export type OrderMessage = {
  readonly [K in OrderKind]: {
    readonly id: number;
    readonly kind: K;
    readonly order: Orders[K]["order"];
  };
}[OrderKind];

/** Worker to page. */
export type ReportMessage =
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "info"; readonly info: ModelInfo }
  | { readonly kind: "done"; readonly id: number; readonly answer: Orders[OrderKind]["answer"] }
  | {
      readonly kind: "failed";
      readonly id: number;
      readonly trouble: Trouble;
      readonly message: string;
    };
