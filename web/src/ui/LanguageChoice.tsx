import { LANGUAGES, type Language } from "../texts";
import { usePage } from "./page";

export function LanguageChoice() {
  const { state, dispatch, words } = usePage();
  return (
    <select
      className="select"
      aria-label={words.t("header.language")}
      value={state.settings.language}
      onChange={(event) =>
        dispatch({ type: "settings", change: { language: event.target.value as Language } })
      }
    >
      {Object.entries(LANGUAGES).map(([language, texts]) => (
        <option key={language} value={language} lang={language}>
          {texts.language}
        </option>
      ))}
    </select>
  );
}
