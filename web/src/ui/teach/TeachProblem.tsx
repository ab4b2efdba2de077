/** What went wrong between this page and the server, with what to do about it. */

import { useEffect, useRef } from "react";
import type { TeachFailure } from "../../app/teach";
import { Icon } from "../icons";
import { TokenField } from "../ProblemPanel";
import { usePage } from "../page";
import { useTeaching } from "./context";

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
  useEffect(() => {
    if (trouble === "token" && token !== failedWith.current) {
      void retry();
    }
  }, [trouble, token, retry]);
  // A label that was not sent has its own button, and a deletion is asked for anew.
  const again = (task === "begin" || task === "list") && trouble !== "token";
  return (
    <div className="teach-problem" role="alert">
      <span className="problem-icon">
        <Icon name="warning" />
      </span>
      <div className="teach-problem-text">
        <h3>{words.t(`teach.problem.${trouble}`)}</h3>
        <p>{words.t(`teach.problem.${trouble}.do`)}</p>
        {trouble === "token" && (
          <TokenField onToken={(given) => dispatch({ type: "token", token: given })} />
        )}
        <div className="actions">
          {NEEDS_SESSION.includes(trouble) && (
            <button type="button" className="button button-primary" onClick={teach.end}>
              {words.t("teach.session.new")}
            </button>
          )}
          {FULL.includes(trouble) && (
            <button
              type="button"
              className="button button-primary"
              onClick={() => teach.show("kept")}
            >
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
