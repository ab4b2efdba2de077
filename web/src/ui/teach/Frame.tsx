/** The frame to be labelled: what comes from the source, or one frame that stands still. */

import { useCallback, useEffect, useRef } from "react";
import { isOpen } from "../../app/reducer";
import type { Still } from "../../app/teach";
import { Icon } from "../icons";
import { LoadingNote } from "../Loading";
import { ProblemPanel } from "../ProblemPanel";
import { useLive, usePage } from "../page";
import { SourceChooser } from "../SourceChooser";
import { useTeaching } from "./context";
import { StillFrame } from "./StillFrame";
import { useKeys } from "./useKeys";
import { Viewfinder } from "./Viewfinder";

export function Frame() {
  const { state, live, words } = usePage();
  useLive(live, 200);
  const { source, reader } = state;
  if (source.kind === "failed") {
    const of = source.source === "camera" ? "camera" : "file";
    return <ProblemPanel failure={source.failure} of={of} />;
  }
  if (source.kind === "none") {
    return <SourceChooser />;
  }
  if (source.kind === "camera" && source.phase === "asking") {
    return (
      <div className="teach-asking" role="status">
        <p className="strong">{words.t("stage.asking")}</p>
        <p>{words.t("stage.asking.text")}</p>
      </div>
    );
  }
  if (reader.kind === "failed") {
    return <ProblemPanel failure={reader.failure} of="reader" />;
  }
  if (reader.kind === "loading") {
    return <LoadingNote parts={reader.parts} />;
  }
  return <Taking />;
}

function Taking() {
  const { state, live, words } = usePage();
  const teach = useTeaching();
  const { still } = teach.state;
  const { source } = state;
  const moving = source.kind === "camera" || (source.kind === "video" && isOpen(source));
  const id = source.kind === "none" ? null : source.id;
  const { take, release } = teach;

  // What stands still belongs to its source; a picture stands still by itself.
  const before = useRef(id);
  useEffect(() => {
    if (before.current !== id) {
      before.current = id;
      release();
    }
  }, [id, release]);
  // Only when it was read to its end is the answer surely of this source and not of one before.
  const { answer } = live;
  const read =
    (source.kind === "picture" || source.kind === "video") &&
    (source.phase === "done" || source.phase === "cancelled");
  const waits = read && answer !== null && still === null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a newer answer is another chance
  useEffect(() => {
    if (waits) {
      void take();
    }
  }, [waits, answer, take]);

  useKeys(
    useCallback(
      (key) => {
        const takes = key === "t" && moving;
        if (takes) {
          void take();
        }
        return takes;
      },
      [moving, take],
    ),
  );

  const button = useRef<HTMLButtonElement>(null);
  const standing = still !== null;
  const first = useRef(true);
  useEffect(() => {
    if (!first.current && moving && !standing) {
      // A label was kept, so the next frame is what comes next; on a phone it is far up by now.
      button.current?.focus({ preventScroll: true });
      button.current?.closest("dialog")?.scrollTo({ top: 0 });
    }
    first.current = false;
  }, [moving, standing]);

  return (
    <>
      {still === null ? <Viewfinder /> : <StillFrame still={still} />}
      {still !== null && <Choice still={still} />}
      <div className="actions">
        {moving && (
          <button
            ref={button}
            type="button"
            className={still === null ? "button button-primary" : "button"}
            disabled={answer === null}
            onClick={() => (still === null ? void take() : release())}
          >
            <Icon name="camera" />
            {words.t(still === null ? "teach.take" : "teach.another")}
            {state.settings.shortcuts && still === null && (
              <span className="key" aria-hidden="true">
                <kbd>T</kbd>
              </span>
            )}
          </button>
        )}
        <SourceButtons />
      </div>
    </>
  );
}

/** Another source without leaving the view. */
function SourceButtons() {
  const { state, dispatch, words, choose } = usePage();
  const { kind } = state.source;
  return (
    <>
      {kind !== "camera" && (
        <button type="button" className="button" onClick={() => dispatch({ type: "open-camera" })}>
          {words.t("source.camera")}
        </button>
      )}
      <button type="button" className="button" onClick={() => choose("picture")}>
        {words.t("teach.file")}
      </button>
    </>
  );
}

/** Which of several faces; the boxes in the frame do the same for a pointer. */
function Choice({ still }: { readonly still: Still }) {
  const { words } = usePage();
  const teach = useTeaching();
  const { faces } = still.answer.row;
  if (faces.length === 0) {
    return (
      <p className="strong" role="status">
        {words.t("teach.noFace")}
      </p>
    );
  }
  if (faces.length === 1) {
    return null;
  }
  return (
    <fieldset className="switches">
      <legend className="field-name">{words.t("teach.face.choose")}</legend>
      {faces.map((face, index) => (
        <button
          key={face.box.join()}
          type="button"
          className="switch"
          aria-pressed={teach.state.face === index}
          onClick={() => teach.chooseFace(index)}
        >
          {words.t("faces.face", { number: words.number(index + 1) })}
          {still.kept[index] !== undefined && <Icon name="check" />}
        </button>
      ))}
    </fieldset>
  );
}
