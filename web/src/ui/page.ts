/** What every view may use: the state, how to change it, the live answers and the words. */

import { createContext, type Dispatch, useContext, useEffect, useState } from "react";
import type { Live } from "../app/live";
import type { Event, State } from "../app/state";
import type { Offline } from "../offline/client";
import type { Words } from "../texts/words";

export interface Page {
  readonly state: State;
  readonly dispatch: Dispatch<Event>;
  readonly live: Live;
  readonly words: Words;
  readonly offline: Offline;
  /** Open the file dialog of the system. */
  readonly choose: (kind: "picture" | "video") => void;
  /** Save the annotated frame that is shown. */
  readonly saveFrame: () => void;
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) {
    throw new Error("expected a view inside PageContext.Provider, got one outside");
  }
  return page;
}

/** Draw the view anew when answers come, at most every `everyMs` milliseconds. */
export function useLive(live: Live, everyMs: number): void {
  const [, setCount] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    let lastMs = 0;
    const draw = (): void => {
      timer = null;
      lastMs = performance.now();
      setCount((count) => count + 1);
    };
    const stop = live.subscribe(() => {
      timer ??= setTimeout(draw, Math.max(0, lastMs + everyMs - performance.now()));
    });
    return () => {
      stop();
      if (timer !== null) {
        clearTimeout(timer);
      }
    };
  }, [live, everyMs]);
}
