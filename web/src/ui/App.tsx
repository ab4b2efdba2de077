/** The page: state and effects here, views below. */

import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { Live } from "../app/live";
import { reduce } from "../app/reducer";
import { saveShot } from "../app/saveShot";
import type { Services } from "../app/services";
import { browserStorage, loadSettings, saveSettings } from "../app/settings";
import { initialState } from "../app/state";
import { useAnnouncer } from "../app/useAnnouncer";
import { useFiles } from "../app/useFiles";
import { useReader } from "../app/useReader";
import { useShortcuts } from "../app/useShortcuts";
import { useSource } from "../app/useSource";
import { useTeach } from "../app/useTeach";
import { wordsOf } from "../texts/words";
import { Export } from "./Export";
import { Expressions } from "./Expressions";
import { Faces } from "./Faces";
import { Header } from "./Header";
import { Help } from "./Help";
import { overlayStyle } from "./overlayStyle";
import { type Page, PageContext } from "./page";
import { Settings } from "./Settings";
import { Stage } from "./Stage";
import { Summary } from "./Summary";
import { Timeline } from "./Timeline";
import { Toolbar } from "./Toolbar";
import { TeachContext } from "./teach/context";
import { Teach } from "./teach/Teach";
import { useDocument } from "./theme";
import { useKeptFocus } from "./useKeptFocus";
import { Welcome } from "./Welcome";

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
    () => void saveShot(state, live, elements, (unit) => overlayStyle(state.settings, words, unit)),
    [state, live, elements, words],
  );
  const page: Page = useMemo(
    () => ({ state, dispatch, live, words, offline, choose, saveFrame }),
    [state, live, words, offline, choose, saveFrame],
  );
  useShortcuts(page);
  useKeptFocus();
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
