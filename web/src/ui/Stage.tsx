/** Where the frame is shown, or what stands in its way. */

import type { RefObject } from "react";
import { readerFailure } from "../app/reducer";
import { LoadingCard, LoadingNote } from "./Loading";
import { Overlay } from "./Overlay";
import { ProblemPanel } from "./ProblemPanel";
import { useLive, usePage } from "./page";
import { SourceChooser } from "./SourceChooser";

interface Props {
  readonly video: RefObject<HTMLVideoElement | null>;
  readonly picture: RefObject<HTMLCanvasElement | null>;
}

export function Stage({ video, picture }: Props) {
  const { state, words } = usePage();
  const { source, settings } = state;
  const moving = source.kind === "camera" || source.kind === "video";
  const mirror = source.kind === "camera" && settings.mirror;
  const shown = moving || source.kind === "picture";
  return (
    <section className="stage" aria-label={words.t("stage.label")} data-source={source.kind}>
      <video
        ref={video}
        className={mirror ? "frame mirrored" : "frame"}
        hidden={!moving}
        muted
        playsInline
        tabIndex={-1}
        aria-hidden="true"
      />
      <canvas ref={picture} className="frame" hidden={source.kind !== "picture"} />
      {shown && <Overlay mirror={mirror} />}
      <Front />
    </section>
  );
}

/** The most important thing to say about the stage now. */
function Front() {
  const { state, words } = usePage();
  const { source, reader } = state;
  if (source.kind === "failed") {
    return (
      <div className="stage-panel">
        <ProblemPanel
          failure={source.failure}
          of={source.source === "camera" ? "camera" : "file"}
        />
      </div>
    );
  }
  const failure = readerFailure(state);
  if (failure !== null) {
    return (
      <div className="stage-panel">
        <ProblemPanel failure={failure} of="reader" />
      </div>
    );
  }
  if (source.kind === "none") {
    return (
      <div className="stage-panel">
        <SourceChooser />
        {reader.kind === "loading" && <LoadingNote parts={reader.parts} />}
      </div>
    );
  }
  if (source.kind === "camera" && source.phase === "asking") {
    return (
      <div className="stage-card" role="status">
        <h2>{words.t("stage.asking")}</h2>
        <p>{words.t("stage.asking.text")}</p>
      </div>
    );
  }
  if (reader.kind !== "ready") {
    return <LoadingCard parts={reader.kind === "loading" ? reader.parts : []} />;
  }
  return <StageNote />;
}

/** One line at the foot of the frame: paused, reading, no face. */
function StageNote() {
  const { state, live, words } = usePage();
  useLive(live, 200);
  const { source, settings } = state;
  const { answer } = live;
  if (source.kind === "none" || source.kind === "failed") {
    return null;
  }
  if (source.phase === "paused") {
    return (
      <p className="stage-note" role="status">
        {words.t("stage.paused")}
      </p>
    );
  }
  if (answer === null) {
    return <p className="stage-note">{words.t("stage.reading")}</p>;
  }
  if (answer.row.faces.length === 0) {
    return <p className="stage-note">{words.t("stage.noFace")}</p>;
  }
  return settings.heat && answer.heat.length > 0 ? (
    <p className="stage-note stage-legend">
      <span className="heat-scale" aria-hidden="true" />
      {words.t("stage.heat")}
    </p>
  ) : null;
}
