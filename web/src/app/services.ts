/** What the page needs from outside; tests and screenshots give fakes. */

import type { Samples } from "../engine/samples";
import type { Engine, EngineOptions, Listing, Mode, ModelEntry } from "../engine/types";
import type { Offline } from "../offline/client";

export interface OpenOptions extends Omit<EngineOptions, "model"> {
  /** Null in server mode where the page has no list of models: the server has its own. */
  readonly model: ModelEntry | null;
  readonly token: string | null;
}

export interface Services {
  loadListing(): Promise<Listing>;
  openEngine(mode: Mode, options: OpenOptions): Promise<Engine>;
  /** Asked for nothing unless the listing says that the server collects. */
  openSamples(token: string | null): Samples;
  readonly offline: Offline;
}
