/** Teaching: frames that stand still, labels that are sent, samples that are deleted. */

import { useCallback, useEffect, useMemo, useReducer, useRef } from "react";
import { SampleError, type Samples } from "../engine/samples";
import { facePicture } from "../media/facePicture";
import type { Words } from "../texts/words";
import type { Live } from "./live";
import { isRunning, takeShot } from "./saveShot";
import type { Services } from "./services";
import type { State } from "./state";
import { statementOf } from "./statement";
import {
  type Doomed,
  NOTHING_TAUGHT,
  reduceTeach,
  type Task,
  type TeachFailure,
  type TeachState,
  type TeachView,
  type Unsent,
} from "./teach";
import type { Elements } from "./useSource";

export interface Teach {
  readonly state: TeachState;
  readonly samples: Samples;
  readonly elements: Elements;
  show(view: TeachView): void;
  /** Let the frame that is read next, or shown, stand still. */
  take(): Promise<void>;
  release(): void;
  chooseFace(face: number): void;
  begin(): Promise<void>;
  end(): void;
  label(label: string): Promise<void>;
  /** Send the label that was not kept once more. */
  resend(): Promise<void>;
  discard(): void;
  undo(): Promise<void>;
  list(): Promise<void>;
  /** Whether it is gone now. */
  remove(what: Doomed): Promise<boolean>;
  /** Do again what failed. */
  retry(): Promise<void>;
  calm(): void;
}

export function useTeach(
  services: Services,
  page: State,
  live: Live,
  elements: Elements,
  words: Words,
): Teach {
  const [state, dispatch] = useReducer(reduceTeach, NOTHING_TAUGHT);
  const samples = useMemo(() => services.openSamples(page.token), [services, page.token]);
  // Actions see the newest state without being made anew by it.
  const now = useRef({ state, page, samples, words });
  now.current = { state, page, samples, words };
  useEffect(() => () => state.still?.bitmap.close(), [state.still?.bitmap]);

  const actions = useMemo(() => {
    let running = false; // at once, where `busy` of the state comes with the next drawing
    const ask = async (task: Task, act: (samples: Samples) => Promise<void>): Promise<boolean> => {
      if (running) {
        return false;
      }
      running = true;
      dispatch({ type: "asking", task });
      try {
        await act(now.current.samples);
        return true;
      } catch (error) {
        dispatch({ type: "failed", failure: failureOf(error, task) });
        return false;
      } finally {
        running = false;
      }
    };
    const count = async (): Promise<void> =>
      dispatch({ type: "listed", listing: await now.current.samples.page({ limit: 1 }) });
    // What was asked for is done; counts that cannot be had now are asked for with the next step.
    const recount = (): Promise<void> => count().catch(() => undefined);
    const list = async (): Promise<void> => {
      try {
        if (now.current.state.facts === null) {
          dispatch({ type: "facts", facts: await now.current.samples.facts() });
        }
        await count();
      } catch (error) {
        dispatch({ type: "failed", failure: failureOf(error, "list") });
      }
    };
    /** Send what `made` gives, which becomes the label that is not sent yet. */
    const send = async (made: () => Promise<Unsent>): Promise<void> => {
      const { session } = now.current.state;
      if (session === null) {
        return;
      }
      const sent = await ask("send", async (asked) => {
        const unsent = await made();
        dispatch({ type: "labelled", unsent });
        const { id, version } = session;
        const sample = await asked.add(id, version, unsent.label, unsent.face);
        dispatch({ type: "kept", sample });
      });
      if (sent) {
        await recount();
      }
    };
    return {
      list,
      show: (view: TeachView) => dispatch({ type: "view", view }),
      async take() {
        const { source, settings } = now.current.page;
        const shot = await takeShot(now.current.page, live, elements);
        const { source: newest } = now.current.page;
        if (shot !== null && idOf(newest) !== idOf(source)) {
          shot.bitmap.close(); // another source was chosen meanwhile
        } else if (shot !== null) {
          const mirror = source.kind === "camera" && settings.mirror;
          dispatch({ type: "taken", shot, mirror, passing: isRunning(source) });
        }
      },
      release: () => dispatch({ type: "released" }),
      chooseFace: (face: number) => dispatch({ type: "face", face }),
      async begin() {
        const consent = statementOf(now.current.words);
        await ask("begin", async (asked) => {
          const id = await asked.begin(consent);
          dispatch({ type: "begun", id, version: consent.version });
        });
      },
      end: () => dispatch({ type: "ended" }),
      async label(label: string) {
        const { still, face, facts, unsent } = now.current.state;
        const chosen = still?.answer.row.faces[face];
        if (still === null || chosen === undefined || facts === null) {
          return;
        }
        if (unsent !== null || still.kept[face] !== undefined) {
          return;
        }
        await send(async () => {
          const { bitmap, answer } = still;
          const cut = await facePicture(bitmap, answer.row, chosen, facts.bodyBytes);
          return { label, face: cut, of: [still.id, face] };
        });
      },
      async resend() {
        const { unsent } = now.current.state;
        if (unsent !== null) {
          await send(async () => unsent);
        }
      },
      discard: () => dispatch({ type: "discarded" }),
      async undo() {
        const { notice } = now.current.state;
        if (notice?.kind === "kept") {
          await ask("delete", async (asked) => {
            await asked.deleteSample(notice.sample.id);
            dispatch({ type: "undone", sample: notice.sample });
          });
          await recount();
        }
      },
      async remove(what: Doomed) {
        const gone = await ask("delete", async (asked) => {
          const deleted = await deletion(asked, what);
          dispatch({ type: "deleted", deleted, what });
        });
        await recount();
        return gone;
      },
      calm: () => dispatch({ type: "calm" }),
    };
  }, [live, elements]);

  const retry = useCallback(async (): Promise<void> => {
    const task = now.current.state.failure?.task;
    if (task === "begin") {
      await actions.begin();
    } else if (task === "send") {
      await actions.resend();
    } else if (task === "list") {
      await actions.list();
    } else {
      actions.calm(); // a deletion is asked for anew by the person
    }
  }, [actions]);

  return useMemo(
    () => ({ ...actions, retry, state, samples, elements }),
    [actions, retry, state, samples, elements],
  );
}

function idOf(source: State["source"]): number | null {
  return source.kind === "none" ? null : source.id;
}

function deletion(samples: Samples, what: Doomed) {
  if ("all" in what) {
    return samples.deleteAll();
  }
  return "session" in what
    ? samples.deleteSession(what.session)
    : samples.deleteSample(what.sample);
}

function failureOf(error: unknown, task: Task): TeachFailure {
  const detail = error instanceof Error ? error.message : String(error);
  return { trouble: error instanceof SampleError ? error.trouble : "defect", detail, task };
}
