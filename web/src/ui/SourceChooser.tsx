import { Icon } from "./icons";
import { usePage } from "./page";

export function SourceChooser() {
  const { state, dispatch, words, choose } = usePage();
  const choices = [
    { name: "camera", act: () => dispatch({ type: "open-camera" }) },
    { name: "picture", act: () => choose("picture") },
    { name: "video", act: () => choose("video") },
  ] as const;
  return (
    <div className="chooser">
      <h2>{words.t("source.title")}</h2>
      <ul className="choices">
        {choices.map(({ name, act }) => (
          <li key={name}>
            <button type="button" className="choice" onClick={act}>
              <span className="choice-icon">
                <Icon name={name} />
              </span>
              <span className="choice-name">{words.t(`source.${name}`)}</span>
              <span className="choice-text">{words.t(`source.${name}.text`)}</span>
            </button>
          </li>
        ))}
      </ul>
      <p className="chooser-note">
        <Icon name={state.settings.mode === "device" ? "lock" : "server"} />
        {words.t(state.settings.mode === "device" ? "source.private" : "source.server")}
      </p>
    </div>
  );
}
