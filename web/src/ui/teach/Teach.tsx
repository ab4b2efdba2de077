/** Teach it: label crops of a face by consent, see and delete what is kept, fit the model to it. */

import { useEffect } from "react";
import type { TeachView } from "../../app/teach";
import { Dialog } from "../Dialog";
import { usePage } from "../page";
import { Consent } from "./Consent";
import { useTeaching } from "./context";
import { Fitting } from "./Fitting";
import { Kept } from "./Kept";
import { Labelling } from "./Labelling";
import { NoticeBar } from "./NoticeBar";
import { TeachProblem } from "./TeachProblem";

const VIEWS: readonly TeachView[] = ["label", "kept", "fit"];

export function Teach() {
  const { state: page, dispatch, words } = usePage();
  const teach = useTeaching();
  const { view, session, failure } = teach.state;
  const { token } = page;
  // Nothing is asked of the server before the person agrees, or wants to see what is kept.
  const listed = view === "kept" || (view === "label" && session !== null);
  const { list } = teach;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new token asks again
  useEffect(() => {
    if (listed) {
      void list();
    }
  }, [listed, list, token]);
  return (
    <Dialog
      title={words.t("teach.title")}
      onClose={() => dispatch({ type: "dialog", dialog: null })}
      wide
    >
      <div className="teach">
        <nav className="tabs" aria-label={words.t("teach.title")}>
          {VIEWS.map((one) => (
            <button
              key={one}
              type="button"
              className="tab"
              aria-current={view === one ? "page" : undefined}
              onClick={() => teach.show(one)}
            >
              {words.t(`teach.view.${one}`)}
            </button>
          ))}
        </nav>
        <NoticeBar />
        {failure !== null && <TeachProblem failure={failure} />}
        {view === "label" && (session === null ? <Consent /> : <Labelling />)}
        {view === "kept" && <Kept />}
        {view === "fit" && <Fitting />}
      </div>
    </Dialog>
  );
}
