import { type ReactNode, useId } from "react";
import { chosenModel, chosenPrecision } from "../app/reducer";
import { useVoice } from "../app/voice";
import type { Mode, Precision } from "../engine/types";
import { GraphicsChoice } from "./GraphicsChoice";
import { usePage } from "./page";

export function Settings() {
  const { state, words } = usePage();
  const { settings } = state;
  const voice = useVoice(settings.language);
  return (
    <section className="card settings" aria-label={words.t("settings.title")}>
      <h2>{words.t("settings.title")}</h2>
      <div className="settings-grid">
        <div className="settings-fields">
          <Where />
          <ShortcutChoice />
        </div>
        <div className="settings-fields">
          {settings.mode === "device" && <ModelChoice />}
          {settings.mode === "device" && <GraphicsChoice />}
          <CameraChoice />
          {settings.speech && voice === "other" && (
            <p className="quiet">{words.t("settings.voice")}</p>
          )}
        </div>
      </div>
    </section>
  );
}

function ShortcutChoice() {
  const { state, dispatch, words } = usePage();
  return (
    <label className="check">
      <input
        type="checkbox"
        checked={state.settings.shortcuts}
        onChange={(event) =>
          dispatch({ type: "settings", change: { shortcuts: event.target.checked } })
        }
      />
      {words.t("settings.shortcuts")}
    </label>
  );
}

const MODES: readonly Mode[] = ["device", "server"];

function Where() {
  const { state, dispatch, words } = usePage();
  const name = useId();
  return (
    <fieldset className="field">
      <legend>{words.t("settings.where")}</legend>
      {MODES.map((mode) => (
        <label key={mode} className="radio">
          <input
            type="radio"
            name={name}
            checked={state.settings.mode === mode}
            onChange={() => dispatch({ type: "settings", change: { mode } })}
          />
          <span>
            {words.t(`settings.${mode}`)}
            <span className="quiet">{words.t(`settings.${mode}.text`)}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function ModelChoice() {
  const { state, dispatch, words } = usePage();
  const entry = chosenModel(state);
  if (state.models.kind !== "known" || entry === undefined) {
    return null;
  }
  const precision = chosenPrecision(entry, state.settings.precision);
  return (
    <>
      <Choice
        label={words.t("settings.model")}
        value={entry.name}
        onChange={(model) => dispatch({ type: "settings", change: { model } })}
      >
        {state.models.entries.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </Choice>
      <p className="quiet">
        {words.t("settings.model.line", { parameters: words.number(entry.parameters) })}
      </p>
      <Choice
        label={words.t("settings.precision")}
        value={precision}
        onChange={(value) =>
          dispatch({ type: "settings", change: { precision: value as Precision } })
        }
      >
        {entry.precisions.map((one) => (
          <option key={one} value={one}>
            {words.t(`settings.${one}`)}
          </option>
        ))}
      </Choice>
    </>
  );
}

function CameraChoice() {
  const { state, dispatch, words } = usePage();
  const { cameras, settings } = state;
  const known = cameras.some((camera) => camera.id === settings.camera);
  return (
    <Choice
      label={words.t("settings.camera")}
      value={known ? (settings.camera ?? "") : ""}
      onChange={(id) => dispatch({ type: "settings", change: { camera: id === "" ? null : id } })}
    >
      <option value="">{words.t("settings.camera.auto")}</option>
      {cameras.map((camera, index) => (
        <option key={camera.id} value={camera.id}>
          {camera.name === ""
            ? words.t("settings.camera.number", { number: words.number(index + 1) })
            : camera.name}
        </option>
      ))}
    </Choice>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly children: ReactNode;
}

function Choice({ label, value, onChange, children }: ChoiceProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className="select"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        {children}
      </select>
    </div>
  );
}
