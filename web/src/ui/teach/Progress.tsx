/** How many crops of each label there are, and what is still missing (docs/teach.md). */

import { taughtSessions, total } from "../../app/teach";
import { usePage } from "../page";
import { useTeaching } from "./context";

export function Progress() {
  const { words } = usePage();
  const { state } = useTeaching();
  const { facts, listing, session } = state;
  if (facts === null || listing === null) {
    return null;
  }
  const own = listing.sessions.find((each) => each.session === session?.id)?.counts ?? {};
  const missing = facts.labels.filter((label) => (own[label] ?? 0) === 0);
  return (
    <section className="progress-of-teaching" aria-label={words.t("teach.counts")}>
      <h3>{words.t("teach.counts")}</h3>
      <ul className="counts figures">
        {facts.labels.map((label) => (
          <Count
            key={label}
            name={words.label(label)}
            own={own[label] ?? 0}
            all={listing.counts[label] ?? 0}
          />
        ))}
        <Count name={words.t("teach.counts.sum")} own={total(own)} all={listing.total} />
      </ul>
      <p className="quiet">
        {missing.length === 0
          ? words.t("teach.advice.complete")
          : words.t("teach.advice.missing", { labels: words.list(missing.map(words.label)) })}{" "}
        {words.counted("teach.advice.sessions", taughtSessions(listing))}
      </p>
    </section>
  );
}

interface CountProps {
  readonly name: string;
  readonly own: number;
  readonly all: number;
}

function Count({ name, own, all }: CountProps) {
  const { words } = usePage();
  return (
    <li className="count" data-none={own === 0}>
      <span className="count-label">{name}</span>{" "}
      <span className="count-own">{words.number(own)}</span>{" "}
      <span className="quiet">{`/ ${words.number(all)}`}</span>
    </li>
  );
}
