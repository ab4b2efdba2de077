/** What the page needs from outside; tests and screenshots give fakes. */

import type { Engine, EngineOptions, Mode, ModelEntry } from "../engine/types";
import type { Offline } from "../offline/client";

export interface OpenOptions extends Omit<EngineOptions, "model"> {
  /** Null in server mode where the page has no list of models: the server has its own. */
  readonly model: ModelEntry | null;
  readonly token: string | null;
}

export interface Services {
  loadModels(): Promise<readonly ModelEntry[]>;
  openEngine(mode: Mode, options: OpenOptions): Promise<Engine>;
  readonly offline: Offline;
}
