/** What the page knows at a moment. Answers of the reader come too often for it: see live.ts. */

import type { ModelEntry, ModelInfo, Progress } from "../engine/types";
import type { Camera } from "../media/camera";
import type { Failure } from "./problems";
import type { Settings } from "./settings";

export type DialogName = "welcome" | "help" | "expressions" | "teach";

export type ModelsState =
  | { readonly kind: "loading" }
  | { readonly kind: "known"; readonly entries: readonly ModelEntry[] }
  | { readonly kind: "failed"; readonly failure: Failure };

export type ReaderState =
  | { readonly kind: "idle" }
  | { readonly kind: "loading"; readonly parts: readonly Progress[] }
  | { readonly kind: "ready"; readonly info: ModelInfo }
  | { readonly kind: "failed"; readonly failure: Failure };

/** `id` grows with every source, so that a late report of an old one changes nothing. */
export type SourceState =
  | { readonly kind: "none" }
  | { readonly kind: "camera"; readonly id: number; readonly phase: "asking" | "live" | "paused" }
  | {
      readonly kind: "picture";
      readonly id: number;
      readonly file: File;
      readonly phase: "reading" | "done";
    }
  | {
      readonly kind: "video";
      readonly id: number;
      readonly file: File;
      readonly phase: "reading" | "paused" | "done" | "cancelled";
    }
  | {
      readonly kind: "failed";
      readonly id: number;
      readonly source: "camera" | "picture" | "video" | "file";
      readonly failure: Failure;
    };

export interface State {
  readonly settings: Settings;
  readonly dialog: DialogName | null;
  readonly models: ModelsState;
  /** Whether the server of this page keeps labelled crops, as its listing says. */
  readonly collects: boolean;
  readonly reader: ReaderState;
  /** Grows when the reader is to be opened again. */
  readonly attempt: number;
  /** Of the server; in memory only. */
  readonly token: string | null;
  readonly source: SourceState;
  /** Sources so far; the next one's id is one more. */
  readonly sources: number;
  readonly cameras: readonly Camera[];
  /** A newer page waits to take over. */
  readonly update: boolean;
}

export type Event =
  | { readonly type: "settings"; readonly change: Partial<Settings> }
  | { readonly type: "dialog"; readonly dialog: DialogName | null }
  | {
      readonly type: "models";
      readonly entries: readonly ModelEntry[];
      readonly collects: boolean;
    }
  | { readonly type: "models-failed"; readonly failure: Failure }
  | { readonly type: "reader-loading" }
  | { readonly type: "reader-progress"; readonly progress: Progress }
  | { readonly type: "reader-ready"; readonly info: ModelInfo }
  | { readonly type: "reader-changed"; readonly info: ModelInfo }
  | { readonly type: "reader-failed"; readonly failure: Failure }
  | { readonly type: "retry"; readonly token?: string }
  | { readonly type: "token"; readonly token: string }
  | { readonly type: "open-camera" }
  | { readonly type: "open-file"; readonly file: File }
  | {
      readonly type: "source-phase";
      readonly id: number;
      readonly phase: "live" | "paused" | "reading" | "done";
    }
  | { readonly type: "source-failed"; readonly id: number; readonly failure: Failure }
  | { readonly type: "cancel" }
  | { readonly type: "stop" }
  | { readonly type: "cameras"; readonly cameras: readonly Camera[] }
  | { readonly type: "update" };

export function initialState(settings: Settings): State {
  return {
    settings,
    dialog: settings.noted ? null : "welcome",
    models: { kind: "loading" },
    collects: false,
    reader: { kind: "idle" },
    attempt: 0,
    token: null,
    source: { kind: "none" },
    sources: 0,
    cameras: [],
    update: false,
  };
}
