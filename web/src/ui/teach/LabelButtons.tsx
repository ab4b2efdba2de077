/** The labels of the server's model, with drawings, and the number keys that stand for them. */

import { useEffect } from "react";
import { isTyping } from "../../app/shortcuts";
import { FaceDrawing, isDrawn } from "../FaceDrawing";
import { usePage } from "../page";
import { useTeaching } from "./context";

/** Labels that have a key: 1 to 9. */
const KEYED = 9;

export function LabelButtons() {
  const { state: page, words } = usePage();
  const teach = useTeaching();
  const { facts, still, face, unsent, busy } = teach.state;
  const labels = facts?.labels ?? [];
  const kept = still?.kept[face];
  const ready =
    still?.answer.row.faces[face] !== undefined &&
    kept === undefined &&
    unsent === null &&
    busy === null;
  const { shortcuts } = page.settings;
  const { label, take } = teach;
  useEffect(() => {
    if (!shortcuts) {
      return;
    }
    const pressed = (event: KeyboardEvent): void => {
      if (isTyping(event)) {
        return;
      }
      const chosen = labels[Number.parseInt(event.key, 10) - 1];
      if (event.key.toLowerCase() === "t") {
        event.preventDefault();
        void take();
      } else if (/^[1-9]$/.test(event.key) && chosen !== undefined && ready) {
        event.preventDefault();
        void label(chosen);
      }
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, [shortcuts, labels, ready, label, take]);
  return (
    <>
      <ul className="labels">
        {labels.map((name, index) => (
          <li key={name}>
            <button
              type="button"
              className="label-button"
              data-label={name}
              aria-pressed={kept?.label === name}
              disabled={!ready}
              onClick={() => void label(name)}
            >
              <span className="label-drawing">{isDrawn(name) && <FaceDrawing label={name} />}</span>
              <span className="label-name">{words.label(name)}</span>
              {shortcuts && index < KEYED && (
                <span className="key" aria-hidden="true">
                  <kbd>{index + 1}</kbd>
                </span>
              )}
            </button>
          </li>
        ))}
      </ul>
      {kept !== undefined && (
        <p className="quiet">{words.t("teach.done", { label: words.label(kept.label) })}</p>
      )}
    </>
  );
}
