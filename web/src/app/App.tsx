/** The page: state and effects here, views below. */

import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { wordsOf } from "../texts/words";
import { Export } from "../ui/Export";
import { Expressions } from "../ui/Expressions";
import { Faces } from "../ui/Faces";
import { Header } from "../ui/Header";
import { Help } from "../ui/Help";
import { type Page, PageContext } from "../ui/page";
import { Settings } from "../ui/Settings";
import { Stage } from "../ui/Stage";
import { Summary } from "../ui/Summary";
import { Timeline } from "../ui/Timeline";
import { Toolbar } from "../ui/Toolbar";
import { TeachContext } from "../ui/teach/context";
import { Teach } from "../ui/teach/Teach";
import { useDocument } from "../ui/theme";
import { Welcome } from "../ui/Welcome";
import { Live } from "./live";
import { reduce } from "./reducer";
import { saveShot } from "./saveShot";
import type { Services } from "./services";
import { browserStorage, loadSettings, saveSettings } from "./settings";
import { initialState } from "./state";
import { useAnnouncer } from "./useAnnouncer";
import { useFiles } from "./useFiles";
import { useReader } from "./useReader";
import { useShortcuts } from "./useShortcuts";
import { useSource } from "./useSource";
import { useTeach } from "./useTeach";

const ACCEPTED = { picture: "image/*", video: "video/*" } as const;

export function App({ services }: { readonly services: Services }) {
  const [state, dispatch] = useReducer(reduce, null, () =>
    initialState(loadSettings(browserStorage(), navigator.languages)),
  );
  const { settings } = state;
  const { offline } = services;
  const [live] = useState(() => new Live());
  const video = useRef<HTMLVideoElement>(null);
  const picture = useRef<HTMLCanvasElement>(null);
  const elements = useMemo(() => ({ video, picture }), []);
  const words = useMemo(() => wordsOf(settings.language), [settings.language]);

  const engine = useReader(services, state, dispatch);
  useSource(state, dispatch, engine, live, elements);
  useDocument(settings.language, settings.theme, `mien · ${words.t("tagline")}`);
  const [kept, setKept] = useState(true);
  useEffect(() => setKept(saveSettings(browserStorage(), settings)), [settings]);
  useEffect(() => offline.onUpdate(() => dispatch({ type: "update" })), [offline]);
  const said = useAnnouncer(live, words, settings.speech);

  const blocked = state.dialog === "welcome" && !settings.noted;
  const open = useCallback(
    (file: File) => {
      if (!blocked) {
        dispatch({ type: "open-file", file });
      }
    },
    [blocked],
  );
  const over = useFiles(open);
  const chooser = useRef<HTMLInputElement>(null);
  const choose = useCallback((kind: "picture" | "video") => {
    const input = chooser.current;
    if (input !== null) {
      input.accept = ACCEPTED[kind];
      input.click();
    }
  }, []);
  const saveFrame = useCallback(
    () => void saveShot(state, live, elements, words),
    [state, live, elements, words],
  );
  const page: Page = useMemo(
    () => ({ state, dispatch, live, words, offline, choose, saveFrame }),
    [state, live, words, offline, choose, saveFrame],
  );
  useShortcuts(page);
  const teach = useTeach(services, state, live, elements, words);

  return (
    <PageContext.Provider value={page}>
      <Header />
      {state.update && (
        <div className="banner" role="status">
          <p>{words.t("update.text")}</p>
          <button type="button" className="button" onClick={() => offline.applyUpdate()}>
            {words.t("update.reload")}
          </button>
        </div>
      )}
      {!kept && (
        <p className="banner" role="status">
          {words.t("storage.text")}
        </p>
      )}
      <main id="content" className="content" tabIndex={-1}>
        <div className="column column-stage">
          <Stage video={video} picture={picture} />
          <Toolbar />
        </div>
        <div className="column column-side">
          <Faces />
          <Summary />
          <Export />
        </div>
        <div className="column">
          <Timeline />
          <Settings />
        </div>
      </main>
      <p className="visually-hidden" aria-live="polite">
        {said}
      </p>
      <input
        ref={chooser}
        type="file"
        hidden
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          currentTarget.value = ""; // so that the same file can be chosen again
          if (file !== undefined) {
            open(file);
          }
        }}
      />
      {over && <div className="drop">{words.t("source.drop")}</div>}
      {state.dialog === "welcome" && <Welcome />}
      {state.dialog === "help" && <Help />}
      {state.dialog === "expressions" && <Expressions />}
      {state.dialog === "teach" && (
        <TeachContext.Provider value={teach}>
          <Teach />
        </TeachContext.Provider>
      )}
    </PageContext.Provider>
  );
}
