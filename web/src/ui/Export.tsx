import { csvLines } from "../app/csv";
import type { Session } from "../app/live";
import { fileStem, jsonLines, saveLines } from "../app/saving";
import { Icon } from "./icons";
import { useLive, usePage } from "./page";

export function Export() {
  const { live, words, saveFrame } = usePage();
  useLive(live, 1000);
  const { session, earlier } = live;
  return (
    <section className="card export" aria-label={words.t("export.title")}>
      <h2>{words.t("export.title")}</h2>
      <div className="actions">
        <Files session={session} />
        <SaveButton kind="png" disabled={live.answer === null} onSave={saveFrame} />
      </div>
      {session !== null && <Kept session={session} />}
      {earlier !== null && (
        <div className="earlier">
          <h3>{words.t("export.earlier", { source: earlier.log.source })}</h3>
          <div className="actions">
            <Files session={earlier} />
          </div>
          <Kept session={earlier} />
        </div>
      )}
      <p className="quiet">{words.t("export.note")}</p>
    </section>
  );
}

function Files({ session }: { readonly session: Session | null }) {
  const log = session !== null && session.log.length > 0 ? session.log : null;
  const save = (kind: "csv" | "jsonl"): void => {
    if (log !== null) {
      const lines = kind === "csv" ? csvLines(log.rows(), log.labels) : jsonLines(log.rows());
      saveLines(lines, `${fileStem(log.source)}.${kind}`, kind);
    }
  };
  return (
    <>
      <SaveButton kind="csv" disabled={log === null} onSave={() => save("csv")} />
      <SaveButton kind="json" disabled={log === null} onSave={() => save("jsonl")} />
    </>
  );
}

interface SaveProps {
  readonly kind: "csv" | "json" | "png";
  readonly disabled: boolean;
  readonly onSave: () => void;
}

function SaveButton({ kind, disabled, onSave }: SaveProps) {
  const { words } = usePage();
  return (
    <button
      type="button"
      className="button"
      title={words.t(`export.${kind}`)}
      disabled={disabled}
      onClick={onSave}
    >
      <Icon name="save" />
      {kind.toUpperCase()}
    </button>
  );
}

function Kept({ session }: { readonly session: Session }) {
  const { words } = usePage();
  const { log } = session;
  return (
    <p className="quiet figures">
      {log.stride === 1
        ? words.counted("export.rows", log.length)
        : words.t("export.thinned", {
            kept: words.number(log.length),
            seen: words.number(log.seen),
            stride: words.number(log.stride),
          })}
    </p>
  );
}
