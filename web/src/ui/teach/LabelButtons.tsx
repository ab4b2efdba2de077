/** The labels of the server's model, with drawings, and the number keys that stand for them. */

import { useCallback } from "react";
import { FaceDrawing, isDrawn } from "../FaceDrawing";
import { usePage } from "../page";
import { useTeaching } from "./context";
import { useKeys } from "./useKeys";

/** Labels that have a key: 1 to 9. */
const KEYED = 9;

const NONE: readonly string[] = [];

export function LabelButtons() {
  const { state: page, words } = usePage();
  const teach = useTeaching();
  const { facts, still, face, unsent, busy } = teach.state;
  const labels = facts?.labels ?? NONE;
  const kept = still?.kept[face];
  const ready =
    still?.answer.row.faces[face] !== undefined &&
    kept === undefined &&
    unsent === null &&
    busy === null;
  const { shortcuts } = page.settings;
  const { label } = teach;
  useKeys(
    useCallback(
      (key) => {
        const chosen = /^[1-9]$/.test(key) ? labels[Number(key) - 1] : undefined;
        if (chosen === undefined || !ready) {
          return false;
        }
        void label(chosen);
        return true;
      },
      [labels, ready, label],
    ),
  );
  if (facts === null) {
    return <p className="quiet">{words.t("teach.listing")}</p>;
  }
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
