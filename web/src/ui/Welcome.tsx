/** The first-run note: what this is, what it is not, where it may not be used. */

import { Dialog } from "./Dialog";
import { FaceDrawing } from "./FaceDrawing";
import { LanguageChoice } from "./LanguageChoice";
import { usePage } from "./page";

const FACES = ["happy", "surprise", "sad", "neutral"] as const;
const PARTS = ["not", "where", "private"] as const;

export function Welcome() {
  const { state, dispatch, words } = usePage();
  const { noted } = state.settings;
  return (
    <Dialog
      title={words.t("note.title")}
      onClose={noted ? () => dispatch({ type: "dialog", dialog: null }) : null}
    >
      <div className="note">
        <div className="note-faces" aria-hidden="true">
          {FACES.map((label) => (
            <FaceDrawing key={label} label={label} />
          ))}
        </div>
        <p className="lead">{words.t("note.what")}</p>
        {PARTS.map((part) => (
          <section key={part}>
            <h3>{words.t(`note.${part}.title`)}</h3>
            <p>{words.t(`note.${part}`)}</p>
          </section>
        ))}
        <div className="note-foot">
          <LanguageChoice />
          <button
            type="button"
            className="button button-primary"
            onClick={() => {
              dispatch({ type: "settings", change: { noted: true } });
              dispatch({ type: "dialog", dialog: null });
            }}
          >
            {words.t("note.agree")}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
