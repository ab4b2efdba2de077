/** How events change the state: pure, every case named. */

import type { ModelEntry, Precision, Progress } from "../engine/types";
import type { Failure } from "./problems";
import type { Settings } from "./settings";
import type { Event, SourceState, State } from "./state";

export function reduce(state: State, event: Event): State {
  switch (event.type) {
    case "settings":
      return withSettings(state, event.change);
    case "dialog":
      return { ...state, dialog: event.dialog };
    case "models":
      return {
        ...state,
        models: { kind: "known", entries: event.entries },
        collects: event.collects,
      };
    case "models-failed":
      return withoutCamera({ ...state, models: { kind: "failed", failure: event.failure } });
    case "reader-loading":
      return { ...state, reader: { kind: "loading", parts: [] } };
    case "reader-progress":
      return state.reader.kind === "loading"
        ? {
            ...state,
            reader: { kind: "loading", parts: merged(state.reader.parts, event.progress) },
          }
        : state;
    case "reader-ready":
      return { ...state, reader: { kind: "ready", info: event.info } };
    case "reader-changed":
      return state.reader.kind === "ready"
        ? { ...state, reader: { kind: "ready", info: event.info } }
        : state;
    case "reader-failed":
      return withoutCamera({ ...state, reader: { kind: "failed", failure: event.failure } });
    case "retry":
      return {
        ...state,
        attempt: state.attempt + 1,
        token: event.token ?? state.token,
        models: state.models.kind === "failed" ? { kind: "loading" } : state.models,
        reader: { kind: "idle" },
      };
    case "token":
      return { ...state, token: event.token };
    case "open-camera":
      return opened(state, (id) => ({ kind: "camera", id, phase: "asking" }));
    case "open-file":
      return opened(state, (id) => ofFile(id, event.file));
    case "source-phase":
      return withPhase(state, event.id, event.phase);
    case "source-failed":
      return failed(state, event);
    case "cancel":
      return state.source.kind === "video" && isOpen(state.source)
        ? { ...state, source: { ...state.source, phase: "cancelled" } }
        : state;
    case "stop":
      return { ...state, source: { kind: "none" } };
    case "cameras":
      return { ...state, cameras: event.cameras };
    case "update":
      return { ...state, update: true };
  }
}

/** Why nothing can be read, whatever the source; null while something can. */
export function readerFailure({ reader, models, settings }: State): Failure | null {
  if (reader.kind === "failed") {
    return reader.failure;
  }
  return models.kind === "failed" && settings.mode === "device" ? models.failure : null;
}

/** The model that the settings mean; undefined while none is known. */
export function chosenModel(state: State): ModelEntry | undefined {
  if (state.models.kind !== "known") {
    return undefined;
  }
  const { entries } = state.models;
  return entries.find((entry) => entry.name === state.settings.model) ?? entries[0];
}

/** The precision that is used: the chosen one, or the first that the model has. */
export function chosenPrecision(entry: ModelEntry, wanted: Precision): Precision {
  return entry.precisions.includes(wanted) ? wanted : (entry.precisions[0] ?? wanted);
}

/** Rows of a server hold no heat maps. */
export function canShowHeat({ mode }: Settings): boolean {
  return mode === "device";
}

/** Whether the source still gives frames. */
export function isOpen(source: SourceState): boolean {
  return (
    source.kind === "camera" ||
    ((source.kind === "video" || source.kind === "picture") &&
      (source.phase === "reading" || source.phase === "paused"))
  );
}

function withSettings(state: State, change: Partial<Settings>): State {
  const settings = { ...state.settings, ...change };
  const camera = "camera" in change && state.source.kind === "camera";
  const next = { ...state, settings };
  return camera ? opened(next, (id) => ({ kind: "camera", id, phase: "asking" })) : next;
}

function opened(state: State, source: (id: number) => SourceState): State {
  const id = state.sources + 1;
  // Who teaches chooses another source on the way.
  const dialog = state.dialog === "teach" ? "teach" : null;
  return { ...state, sources: id, source: source(id), dialog };
}

/** A camera is let go while nothing can be read, and asked for again when something can. */
function withoutCamera(state: State): State {
  return state.source.kind === "camera" && readerFailure(state) !== null
    ? { ...state, source: { ...state.source, phase: "asking" } }
    : state;
}

function ofFile(id: number, file: File): SourceState {
  const kind = kindOf(file);
  if (kind === null) {
    const detail = file.type === "" ? file.name : `${file.name} (${file.type})`;
    return { kind: "failed", id, source: "file", failure: { problem: "file-unknown", detail } };
  }
  return { kind, id, file, phase: "reading" };
}

/** By the type that the browser gives; by the name where it gives none. */
function kindOf(file: File): "picture" | "video" | null {
  const name = file.name.toLowerCase();
  if (file.type.startsWith("image/") || /\.(jpe?g|png|webp|gif|bmp|avif|hei[cf])$/.test(name)) {
    return "picture";
  }
  if (file.type.startsWith("video/") || /\.(mp4|m4v|webm|mov|mkv|avi|ogv)$/.test(name)) {
    return "video";
  }
  return null;
}

function withPhase(state: State, id: number, phase: "live" | "paused" | "reading" | "done"): State {
  const { source } = state;
  if (source.kind === "none" || source.kind === "failed" || source.id !== id) {
    return state;
  }
  if (source.kind === "camera" && (phase === "live" || phase === "paused")) {
    return { ...state, source: { ...source, phase } };
  }
  if (source.kind === "picture" && (phase === "reading" || phase === "done")) {
    return { ...state, source: { ...source, phase } };
  }
  if (source.kind === "video" && phase !== "live" && source.phase !== "cancelled") {
    return { ...state, source: { ...source, phase } };
  }
  return state;
}

function failed(state: State, event: Extract<Event, { type: "source-failed" }>): State {
  const { source } = state;
  if (source.kind === "none" || source.kind === "failed" || source.id !== event.id) {
    return state;
  }
  return {
    ...state,
    source: { kind: "failed", id: source.id, source: source.kind, failure: event.failure },
  };
}

function merged(parts: readonly Progress[], progress: Progress): readonly Progress[] {
  const at = parts.findIndex((part) => part.part === progress.part);
  return at < 0 ? [...parts, progress] : parts.with(at, progress);
}
