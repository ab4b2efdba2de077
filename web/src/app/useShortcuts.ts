import { type Dispatch, useEffect } from "react";
import { canShowHeat, isOpen } from "./reducer";
import { nextTheme } from "./settings";
import { type Action, actionOf } from "./shortcuts";
import type { Event, State } from "./state";

interface Page {
  readonly state: State;
  readonly dispatch: Dispatch<Event>;
  /** Open the file dialog of the system. */
  readonly choose: (kind: "picture" | "video") => void;
}

/** Act on single keys, unless a dialog is open or the person has switched them off. */
export function useShortcuts(page: Page): void {
  const { state } = page;
  const active = state.settings.shortcuts && state.dialog === null;
  useEffect(() => {
    if (!active) {
      return;
    }
    const pressed = (event: KeyboardEvent): void => {
      const action = actionOf(event);
      if (action !== null) {
        event.preventDefault();
        act(action, page);
      }
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [active, page]);
}

function act(action: Action, { state, dispatch, choose }: Page): void {
  const { settings, source } = state;
  switch (action) {
    case "camera":
      dispatch({ type: "open-camera" });
      break;
    case "file":
      choose("picture");
      break;
    case "video":
      choose("video");
      break;
    case "stop":
      dispatch({ type: source.kind === "video" && isOpen(source) ? "cancel" : "stop" });
      break;
    case "heat":
      if (canShowHeat(settings)) {
        dispatch({ type: "settings", change: { heat: !settings.heat } });
      }
      break;
    case "mirror":
    case "landmarks":
    case "speech":
      dispatch({ type: "settings", change: { [action]: !settings[action] } });
      break;
    case "theme":
      dispatch({ type: "settings", change: { theme: nextTheme(settings.theme) } });
      break;
    case "teach":
      if (state.collects) {
        dispatch({ type: "dialog", dialog: "teach" });
      }
      break;
    case "help":
    case "expressions":
      dispatch({ type: "dialog", dialog: action });
      break;
  }
}
