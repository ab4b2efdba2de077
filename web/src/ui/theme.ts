/** Which ground the page has: the switch decides, else the system. */

import { useEffect, useSyncExternalStore } from "react";
import type { Theme } from "../app/settings";
import { usePage } from "./page";

const DARK = "(prefers-color-scheme: dark)";

/** The ground that colours stand on now. */
export function useGround(): "light" | "dark" {
  const { theme } = usePage().state.settings;
  const system = useSyncExternalStore(subscribe, () => matchMedia(DARK).matches);
  return theme === "auto" ? (system ? "dark" : "light") : theme;
}

/** Write language and theme on the document, which the style sheets read. */
export function useDocument(language: string, theme: Theme, title: string): void {
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = title;
  }, [language, title]);
  useEffect(() => {
    if (theme === "auto") {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = theme;
    }
  }, [theme]);
}

function subscribe(listener: () => void): () => void {
  const query = matchMedia(DARK);
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}
