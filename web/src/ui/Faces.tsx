/** Every face in words and bars; the order of the bars never changes. */

import type { FaceRow } from "../vision/row";
import { colourOf } from "./colours";
import { FaceDrawing, isDrawn } from "./FaceDrawing";
import { captionOf } from "./overlayStyle";
import { useLive, usePage } from "./page";
import { Scroll } from "./Scroll";
import { useGround } from "./theme";

/** Faces that are shown in full. */
const SHOWN = 6;

export function Faces() {
  const { state, live, words } = usePage();
  useLive(live, 120);
  const { answer } = live;
  const faces = answer?.row.faces ?? [];
  return (
    <div className="card faces">
      <h2>{words.t("faces.title")}</h2>
      <Scroll className="faces-list" label={words.t("faces.title")}>
        {answer === null && <Empty kind="empty" />}
        {answer !== null && faces.length === 0 && <Empty kind="none" />}
        {faces.slice(0, SHOWN).map((face, index) => (
          <FaceCard
            key={face.track ?? `still-${index}`}
            face={face}
            number={(face.track ?? index) + 1}
            threshold={state.reader.kind === "ready" ? state.reader.info.threshold : null}
          />
        ))}
        {faces.length > SHOWN && (
          <p className="quiet">{words.counted("faces.more", faces.length - SHOWN)}</p>
        )}
      </Scroll>
    </div>
  );
}

function Empty({ kind }: { readonly kind: "empty" | "none" }) {
  const { words } = usePage();
  return (
    <div className="empty">
      <FaceDrawing label="neutral" />
      {kind === "empty" ? (
        <p>{words.t("faces.empty")}</p>
      ) : (
        <>
          <p className="strong">{words.t("faces.none")}</p>
          <p>{words.t("faces.none.text")}</p>
        </>
      )}
    </div>
  );
}

interface CardProps {
  readonly face: FaceRow;
  readonly number: number;
  readonly threshold: number | null;
}

function FaceCard({ face, number, threshold }: CardProps) {
  const { words } = usePage();
  const table = face.smoothed ?? face.probabilities;
  const name = words.t("faces.face", { number: words.number(number) });
  const said = captionOf({ ...face, track: null }, words);
  return (
    <article className={face.uncertain ? "face face-unsure" : "face"}>
      <header className="face-head-line">
        <span className="face-icon">
          {isDrawn(face.label) && <FaceDrawing label={face.label} />}
        </span>
        <h3>
          <span className="face-name">{name}</span>
          <span className="face-said">{said}</span>
        </h3>
      </header>
      <ul className="bars" aria-label={words.t("faces.probability")}>
        {Object.entries(table).map(([label, value]) => (
          <Bar key={label} label={label} value={value} top={label === face.label} />
        ))}
      </ul>
      <p className="face-why">
        {face.uncertain && threshold !== null
          ? words.t("faces.unsure.text", { threshold: words.percent(threshold) })
          : "\u00a0"}
      </p>
    </article>
  );
}

interface BarProps {
  readonly label: string;
  readonly value: number;
  readonly top: boolean;
}

function Bar({ label, value, top }: BarProps) {
  const { words } = usePage();
  const ground = useGround();
  return (
    <li className={top ? "bar bar-top" : "bar"}>
      <span className="bar-label">{words.label(label)}</span>
      <span className="bar-track" aria-hidden="true">
        <span
          className="bar-fill"
          style={{ transform: `scaleX(${value})`, backgroundColor: colourOf(label, ground) }}
        />
      </span>
      <span className="bar-value figures">{words.percent(value)}</span>
    </li>
  );
}
