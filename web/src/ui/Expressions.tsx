/** The seven expressions: a drawing, what the muscles do, and what it does not mean. */

import { Dialog } from "./Dialog";
import { FaceDrawing } from "./FaceDrawing";
import { usePage } from "./page";

/** Action units of the textbook form (Ekman, Friesen and Hager, FACS Investigator's Guide, 2002). */
export const UNITS = {
  happy: [6, 12],
  surprise: [1, 2, 5, 26],
  sad: [1, 4, 15],
  angry: [4, 5, 7, 23],
  fear: [1, 2, 4, 5, 7, 20, 26],
  disgust: [9, 15, 17],
  neutral: [],
} as const;

type Explained = keyof typeof UNITS;

export function Expressions() {
  const { dispatch, words } = usePage();
  return (
    <Dialog
      title={words.t("expressions.title")}
      onClose={() => dispatch({ type: "dialog", dialog: null })}
      wide
    >
      <p className="lead">{words.t("expressions.text")}</p>
      <ul className="expressions">
        {(Object.keys(UNITS) as Explained[]).map((label) => (
          <li key={label} className="expression">
            <div className="expression-drawing" data-label={label}>
              <FaceDrawing label={label} />
            </div>
            <div className="expression-text">
              <h3>{words.label(label)}</h3>
              <p>{words.t(`about.${label}`)}</p>
              <h4>{words.t("expressions.units")}</h4>
              <Units units={UNITS[label]} />
            </div>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function Units({ units }: { readonly units: (typeof UNITS)[Explained] }) {
  const { words } = usePage();
  if (units.length === 0) {
    return <p className="quiet">{words.t("unit.none")}</p>;
  }
  return (
    <ul className="units">
      {units.map((unit) => (
        <li key={unit}>
          <b>AU{unit}</b> {words.t(`unit.${unit}`)}
        </li>
      ))}
    </ul>
  );
}
