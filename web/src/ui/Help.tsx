import { MAX_FRAMES } from "../app/rowlog";
import { SHORTCUTS } from "../app/shortcuts";
import { SPAN_S } from "../app/timeline";
import { Dialog } from "./Dialog";
import { usePage } from "./page";

export function Help() {
  const { state, dispatch, words } = usePage();
  const shortcuts = Object.entries(SHORTCUTS).filter(
    ([, action]) => action !== "teach" || state.collects,
  );
  return (
    <Dialog
      title={words.t("help.title")}
      onClose={() => dispatch({ type: "dialog", dialog: null })}
    >
      <div className="help">
        <section>
          <h3>{words.t("help.shortcuts")}</h3>
          {!state.settings.shortcuts && <p className="quiet">{words.t("help.off")}</p>}
          <dl className="keys">
            {shortcuts.map(([key, action]) => (
              <div key={key}>
                <dt>
                  <kbd>{key.toUpperCase()}</kbd>
                </dt>
                <dd>{words.t(`help.${action}`)}</dd>
              </div>
            ))}
            <div>
              <dt>
                <kbd>Ctrl</kbd> <kbd>V</kbd>
              </dt>
              <dd>{words.t("help.paste")}</dd>
            </div>
          </dl>
        </section>
        <section>
          <h3>{words.t("help.limits")}</h3>
          <p>
            {words.t("help.limits.text", {
              span: words.number(SPAN_S),
              frames: words.number(MAX_FRAMES),
            })}
          </p>
        </section>
        <section>
          <h3>{words.t("help.about")}</h3>
          <p>{words.t("help.about.text")}</p>
          <p className="links">
            <a href="THIRD_PARTY.txt" target="_blank" rel="noopener">
              {words.t("help.notices")}
            </a>
            <button
              type="button"
              className="link"
              onClick={() => dispatch({ type: "dialog", dialog: "welcome" })}
            >
              {words.t("note.again")}
            </button>
          </p>
        </section>
      </div>
    </Dialog>
  );
}
