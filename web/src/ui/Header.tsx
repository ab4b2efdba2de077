import { nextTheme } from "../app/settings";
import { Icon } from "./icons";
import { LanguageChoice } from "./LanguageChoice";
import { usePage } from "./page";

export function Header() {
  const { state, dispatch, words } = usePage();
  const { mode, theme } = state.settings;
  return (
    <header className="header">
      <a className="skip" href="#content">
        {words.t("skip")}
      </a>
      <div className="brand">
        <svg className="brand-mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
          <path d="M10 4H6a2 2 0 0 0-2 2v4M22 4h4a2 2 0 0 1 2 2v4M10 28H6a2 2 0 0 1-2-2v-4M22 28h4a2 2 0 0 0 2-2v-4" />
          <path d="M11.5 12.5v.1M20.5 12.5v.1M10.5 18.5c3 4.2 8 4.2 11 0" />
        </svg>
        <h1>mien</h1>
        <p className="tagline">{words.t("tagline")}</p>
      </div>
      <p className={`chip chip-${mode}`}>
        <Icon name={mode === "device" ? "lock" : "server"} />
        <span>{words.t(mode === "device" ? "header.device" : "header.server")}</span>
      </p>
      <nav className="header-tools">
        <button
          type="button"
          className="button button-quiet"
          aria-label={words.t("header.expressions")}
          onClick={() => dispatch({ type: "dialog", dialog: "expressions" })}
        >
          <Icon name="faces" />
          <span className="wide-only">{words.t("header.expressions")}</span>
        </button>
        <button
          type="button"
          className="button button-quiet"
          aria-label={words.t("header.help")}
          onClick={() => dispatch({ type: "dialog", dialog: "help" })}
        >
          <Icon name="help" />
          <span className="wide-only">{words.t("header.help")}</span>
        </button>
        <button
          type="button"
          className="button button-icon"
          aria-label={words.t(`theme.${theme}`)}
          title={words.t(`theme.${theme}`)}
          onClick={() => dispatch({ type: "settings", change: { theme: nextTheme(theme) } })}
        >
          <Icon name={theme} />
        </button>
        <LanguageChoice />
      </nav>
    </header>
  );
}
