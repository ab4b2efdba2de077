/** Keeps the reader that the settings ask for open, and closes the one before. */

import { type Dispatch, useEffect, useRef, useState } from "react";
import type { Engine, ModelInfo } from "../engine/types";
import { failureOf } from "./problems";
import { chosenModel, chosenPrecision } from "./reducer";
import type { Services } from "./services";
import type { Event, State } from "./state";

/** The open reader; null while there is none. */
export function useReader(
  services: Services,
  state: State,
  dispatch: Dispatch<Event>,
): Engine | null {
  const { settings, models, attempt } = state;
  const [engine, setEngine] = useState<Engine | null>(null);
  const closing = useRef<Promise<unknown>>(Promise.resolve());
  const model = chosenModel(state) ?? null;
  const precision =
    model === null ? settings.precision : chosenPrecision(model, settings.precision);
  const { mode, noted } = settings;
  // A token that is typed to teach is none of the device's reader.
  const token = mode === "server" ? state.token : null;
  const graphics = mode === "device" && settings.graphics ? "faster" : "off";
  const wanted = noted && (mode === "server" ? models.kind !== "loading" : model !== null);

  const loading = noted && models.kind === "loading";
  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` asks again
  useEffect(() => {
    if (!loading) {
      return;
    }
    let current = true;
    services.loadListing().then(
      ({ models: entries, collects }) => current && dispatch({ type: "models", entries, collects }),
      (error: unknown) => current && dispatch({ type: "models-failed", failure: failureOf(error) }),
    );
    return () => {
      current = false;
    };
  }, [services, dispatch, loading, attempt]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` asks again
  useEffect(() => {
    if (!wanted) {
      return;
    }
    let current = true;
    let opened: Engine | null = null;
    const open = async (): Promise<void> => {
      await closing.current;
      if (!current) {
        return;
      }
      const onProgress: NonNullable<Parameters<Services["openEngine"]>[1]["onProgress"]> = (
        progress,
      ) => {
        if (current) {
          dispatch({ type: "reader-progress", progress });
        }
      };
      const onInfo = (info: ModelInfo): void => {
        if (current) {
          dispatch({ type: "reader-changed", info });
        }
      };
      const options = { model, precision, graphics, token, onProgress, onInfo } as const;
      opened = await services.openEngine(mode, options);
      if (current) {
        dispatch({ type: "reader-ready", info: opened.info });
        setEngine(opened);
      }
    };
    dispatch({ type: "reader-loading" });
    const opening = open().catch((error: unknown) => {
      if (current) {
        dispatch({ type: "reader-failed", failure: failureOf(error) });
      }
    });
    return () => {
      current = false;
      setEngine(null);
      closing.current = opening.then(() => opened?.close()).catch(() => undefined);
    };
  }, [services, dispatch, wanted, mode, model, precision, graphics, token, attempt]);

  return state.reader.kind === "ready" ? engine : null;
}
