/** The way in: which models there are, and a reader of faces on this device or on a server. */

import { Api } from "./api";
import { openDevice } from "./device";
import { fetchManifest } from "./manifest";
import { type Samples, ServerSamples } from "./samples";
import { openServer } from "./server";
import { troubleOf } from "./trouble";
import {
  type Engine,
  EngineError,
  type EngineOptions,
  type Listing,
  type Mode,
  type ModelEntry,
} from "./types";

export interface OpenOptions extends Omit<EngineOptions, "model"> {
  /** What to open on the device; a server has its own model, so null will do there. */
  readonly model: ModelEntry | null;
  /** Token of the server, if it has one. */
  readonly token: string | null;
}

/** What `models.json` beside the page says. Rejects with `EngineError` only. */
export function loadListing(): Promise<Listing> {
  return fetchManifest(pageAddress());
}

/** The labelled crops of the server that the page is from. */
export function openSamples(token: string | null): Samples {
  return new ServerSamples(new Api(pageAddress(), token));
}

/** Open a reader of faces. Rejects with `EngineError` only. */
export async function openEngine(mode: Mode, options: OpenOptions): Promise<Engine> {
  try {
    if (mode === "server") return await openServer(pageAddress(), options.token);
    if (options.model === null) throw new EngineError("model-missing", "no model was chosen");
    return await openDevice(pageAddress(), { ...options, model: options.model });
  } catch (error) {
    throw troubleOf(error, "defect");
  }
}

function pageAddress(): URL {
  return new URL(document.baseURI);
}
