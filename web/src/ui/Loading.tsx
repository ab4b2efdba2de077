import type { Progress } from "../engine/types";
import { isKey } from "../texts/words";
import { usePage } from "./page";

interface Props {
  readonly parts: readonly Progress[];
}

/** Bytes of all parts together; the total is null while one of them is unknown. */
export function together(parts: readonly Progress[]): { loaded: number; total: number | null } {
  const loaded = parts.reduce((sum, part) => sum + part.loaded, 0);
  const known = parts.length > 0 && parts.every((part) => part.total !== null);
  return { loaded, total: known ? parts.reduce((sum, part) => sum + (part.total ?? 0), 0) : null };
}

export function LoadingCard({ parts }: Props) {
  const { words } = usePage();
  return (
    <div className="stage-card" role="status">
      <h2>{words.t("stage.loading")}</h2>
      <p>{words.t("stage.loading.text")}</p>
      <Bar parts={parts} />
      <ul className="parts">
        {parts.map((part) => (
          <li key={part.part}>
            <span>{partName(part.part, words.t)}</span>
            <span className="figures">{size(part, words)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The same in one line, where it is not in the way of choosing a source. */
export function LoadingNote({ parts }: Props) {
  const { words } = usePage();
  const { loaded, total } = together(parts);
  return (
    <div className="loading-note" role="status">
      <span>{words.t("stage.loading")}</span>
      <Bar parts={parts} />
      <span className="figures">{size({ loaded, total }, words)}</span>
    </div>
  );
}

function Bar({ parts }: Props) {
  const { words } = usePage();
  const { loaded, total } = together(parts);
  return (
    <progress
      className="progress"
      aria-label={words.t("stage.loading")}
      {...(total === null ? {} : { max: total, value: loaded })}
    />
  );
}

type Words = ReturnType<typeof usePage>["words"];

function size(part: Pick<Progress, "loaded" | "total">, words: Words): string {
  const loaded = words.bytes(part.loaded);
  return part.total === null
    ? loaded
    : words.t("stage.loading.bytes", { loaded, total: words.bytes(part.total) });
}

function partName(part: string, t: Words["t"]): string {
  const key = `part.${part}`;
  return isKey(key) ? t(key as "part.model") : part;
}
