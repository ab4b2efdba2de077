/** Under the stage: stop or cancel, how the frame is shown, and how fast it is read. */

import { useId } from "react";
import { canShowHeat, isOpen } from "../app/reducer";
import { Icon } from "./icons";
import { Meter } from "./Meter";
import { useLive, usePage } from "./page";

const SWITCHES = ["mirror", "heat", "landmarks", "bars", "speech"] as const;

export function Toolbar() {
  const { state, dispatch, words } = usePage();
  const { source, settings } = state;
  const off = { mirror: source.kind !== "camera", heat: !canShowHeat(settings) };
  const why = useId();
  return (
    <div className="toolbar">
      <div className="toolbar-main">
        <StopButton />
        {state.collects && (
          <button
            type="button"
            className="button"
            onClick={() => dispatch({ type: "dialog", dialog: "teach" })}
          >
            <Icon name="teach" />
            {words.t("teach.title")}
          </button>
        )}
        <fieldset className="switches">
          <legend className="visually-hidden">{words.t("view.title")}</legend>
          {SWITCHES.map((name) => (
            <button
              key={name}
              type="button"
              className="switch"
              aria-pressed={settings[name] && !(name === "heat" && off.heat)}
              aria-describedby={name === "heat" && off.heat ? why : undefined}
              disabled={(name === "mirror" || name === "heat") && off[name]}
              onClick={() => dispatch({ type: "settings", change: { [name]: !settings[name] } })}
            >
              {words.t(`view.${name}`)}
            </button>
          ))}
        </fieldset>
      </div>
      {off.heat && (
        <p id={why} className="quiet">
          {words.t("view.heat.server")}
        </p>
      )}
      {source.kind === "video" && <VideoProgress />}
      <Meter />
    </div>
  );
}

function StopButton() {
  const { state, dispatch, words } = usePage();
  const { source } = state;
  if (source.kind === "video" && isOpen(source)) {
    return (
      <button type="button" className="button" onClick={() => dispatch({ type: "cancel" })}>
        <Icon name="close" />
        {words.t("source.cancel")}
      </button>
    );
  }
  // After a failure, its panel has the button for another source.
  const idle = source.kind === "none" || source.kind === "failed";
  return (
    <button
      type="button"
      className="button"
      disabled={idle}
      onClick={() => dispatch({ type: "stop" })}
    >
      <Icon name="stop" />
      {words.t(idle || source.kind === "camera" ? "source.stop" : "action.change")}
    </button>
  );
}

function VideoProgress() {
  const { state, live, words } = usePage();
  useLive(live, 200);
  const { source } = state;
  const { position } = live;
  const time = words.clock(position?.timeS ?? 0);
  const duration = position?.durationS ?? null;
  const phase =
    source.kind === "video" && (source.phase === "done" || source.phase === "cancelled")
      ? words.t(`stage.${source.phase}`)
      : null;
  return (
    <div className="video-progress">
      <progress
        className="progress"
        aria-label={words.t("stage.progress")}
        {...(duration === null ? {} : { max: duration, value: position?.timeS ?? 0 })}
      />
      <span className="figures">
        {duration === null
          ? time
          : words.t("stage.position", { time, duration: words.clock(duration) })}
        {phase !== null && " · "}
        <span role="status">{phase}</span>
      </span>
    </div>
  );
}
