/** What went wrong between this page and the server, with what to do about it. */

import { useEffect, useRef } from "react";
import type { TeachFailure } from "../../app/teach";
import { Icon } from "../icons";
import { TokenField } from "../ProblemPanel";
import { usePage } from "../page";
import { useTeaching } from "./context";

/** For a label that was given and is not kept yet. */
export function UnsentButtons() {
  const { words } = usePage();
  const teach = useTeaching();
  return (
    <>
      <button type="button" className="button button-primary" onClick={() => void teach.resend()}>
        {words.t("teach.resend")}
      </button>
      <button type="button" className="button" onClick={teach.discard}>
        {words.t("teach.discard")}
      </button>
    </>
  );
}

/** What another session mends. */
const NEEDS_SESSION: readonly TeachFailure["trouble"][] = ["consent", "session-full"];

/** What deleting mends. */
const FULL: readonly TeachFailure["trouble"][] = ["sessions-full", "samples-full", "bytes-full"];

export function TeachProblem({ failure }: { readonly failure: TeachFailure }) {
  const { dispatch, words } = usePage();
  const teach = useTeaching();
  const { trouble, detail, task } = failure;
  const { token } = usePage().state;
  const failedWith = useRef(token);
  const { retry } = teach;
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Browsers begin to answer with a promise here, which is no way to clean up.
    element.current?.scrollIntoView({ block: "nearest" });
  }, []);
  useEffect(() => {
    if (trouble === "token" && token !== failedWith.current) {
      void retry();
    }
  }, [trouble, token, retry]);
  const unsent = task === "send" && !NEEDS_SESSION.includes(trouble) ? teach.state.unsent : null;
  // A deletion is asked for anew by the person.
  const again = (task === "begin" || task === "list") && trouble !== "token";
  return (
    <div ref={element} className="teach-problem" role="alert">
      <span className="problem-icon">
        <Icon name="warning" />
      </span>
      <div className="teach-problem-text">
        <h3>{words.t(`teach.problem.${trouble}`)}</h3>
        <p>{words.t(`teach.problem.${trouble}.do`)}</p>
        {trouble === "token" && (
          <TokenField onToken={(given) => dispatch({ type: "token", token: given })} />
        )}
        {unsent !== null && (
          <p className="strong">{words.t("teach.unsent", { label: words.label(unsent.label) })}</p>
        )}
        <div className="actions">
          {unsent !== null && <UnsentButtons />}
          {NEEDS_SESSION.includes(trouble) && (
            <button type="button" className="button button-primary" onClick={teach.end}>
              {words.t("teach.session.new")}
            </button>
          )}
          {FULL.includes(trouble) && (
            <button type="button" className="button" onClick={() => teach.show("kept")}>
              {words.t("teach.view.kept")}
            </button>
          )}
          {again && (
            <button type="button" className="button" onClick={() => void retry()}>
              {words.t("action.retry")}
            </button>
          )}
          {task === "delete" && trouble !== "token" && (
            <button type="button" className="button" onClick={teach.calm}>
              {words.t("close")}
            </button>
          )}
        </div>
        {detail !== "" && (
          <details className="problem-detail">
            <summary>{words.t("problem.detail")}</summary>
            <code>{detail}</code>
          </details>
        )}
      </div>
    </div>
  );
}
