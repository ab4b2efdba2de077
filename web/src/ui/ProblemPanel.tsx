/** A failure with what to do about it, and the buttons that do it. */

import { type FormEvent, type ReactNode, useId, useState } from "react";
import type { Failure, Problem } from "../app/problems";
import { isPassing } from "../app/problems";
import { MAX_PIXELS } from "../media/picture";
import type { Words } from "../texts/words";
import { Icon } from "./icons";
import { usePage } from "./page";

interface Props {
  readonly failure: Failure;
  /** What failed: the reader, or a source that may be opened again. */
  readonly of: "reader" | "camera" | "file";
}

export function ProblemPanel({ failure, of }: Props) {
  const { dispatch, words } = usePage();
  const { problem } = failure;
  return (
    <ProblemCard failure={failure} words={words}>
      {problem === "server-refused" && (
        <TokenField onToken={(token) => dispatch({ type: "retry", token })} />
      )}
      <Actions problem={problem} of={of} />
    </ProblemCard>
  );
}

interface CardProps {
  readonly failure: Failure;
  readonly words: Words;
  /** The buttons that help. */
  readonly children: ReactNode;
}

/** Asks for nothing of the page, so that it shows where the page itself has failed, too. */
export function ProblemCard({ failure, words, children }: CardProps) {
  const { problem, detail } = failure;
  return (
    <div className="problem" role="alert">
      <span className="problem-icon">
        <Icon name="warning" />
      </span>
      <h2>{words.t(`problem.${problem}`)}</h2>
      <p>{remedy(problem, words)}</p>
      {children}
      {detail !== "" && (
        <details className="problem-detail">
          <summary>{words.t("problem.detail")}</summary>
          <code>{detail}</code>
        </details>
      )}
    </div>
  );
}

export function ReloadButton({ words }: { readonly words: Words }) {
  return (
    <button
      type="button"
      className="button button-primary"
      onClick={() => globalThis.location.reload()}
    >
      {words.t("action.reload")}
    </button>
  );
}

function remedy(problem: Problem, words: Words): string {
  return problem === "picture-too-large"
    ? words.t("problem.picture-too-large.do", { megapixels: words.number(MAX_PIXELS / 1e6) })
    : words.t(`problem.${problem}.do`);
}

function Actions({ problem, of }: { readonly problem: Problem; readonly of: Props["of"] }) {
  const { state, dispatch, words, offline } = usePage();
  const { mode } = state.settings;
  const retryReader = async (): Promise<void> => {
    if (problem === "model-corrupt") {
      await offline.forgetModels();
    }
    dispatch({ type: "retry" });
  };
  return (
    <div className="actions">
      {of === "camera" && problem !== "insecure-origin" && (
        <button
          type="button"
          className="button button-primary"
          onClick={() => dispatch({ type: "open-camera" })}
        >
          {words.t("action.retry")}
        </button>
      )}
      {of === "reader" && isPassing(problem) && (
        <button type="button" className="button button-primary" onClick={retryReader}>
          {words.t("action.retry")}
        </button>
      )}
      {(problem === "defect" || problem === "out-of-memory") && <ReloadButton words={words} />}
      {of === "reader" && (
        <button
          type="button"
          className="button"
          onClick={() =>
            dispatch({
              type: "settings",
              change: { mode: mode === "server" ? "device" : "server" },
            })
          }
        >
          {words.t(mode === "server" ? "action.device" : "action.server")}
        </button>
      )}
      {of !== "reader" && (
        <button type="button" className="button" onClick={() => dispatch({ type: "stop" })}>
          {words.t("action.change")}
        </button>
      )}
    </div>
  );
}

export function TokenField({ onToken }: { readonly onToken: (token: string) => void }) {
  const { words } = usePage();
  const [token, setToken] = useState("");
  const id = useId();
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onToken(token.trim());
  };
  return (
    <form className="token" onSubmit={submit}>
      <label htmlFor={id}>{words.t("token.label")}</label>
      <div className="token-row">
        <input
          id={id}
          className="input"
          type="password"
          autoComplete="off"
          spellCheck={false}
          aria-describedby={`${id}-text`}
          value={token}
          onChange={(event) => setToken(event.target.value)}
        />
        <button type="submit" className="button button-primary" disabled={token.trim() === ""}>
          {words.t("token.send")}
        </button>
      </div>
      <p id={`${id}-text`} className="quiet">
        {words.t("token.text")}
      </p>
    </form>
  );
}
