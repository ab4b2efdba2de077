/** The crops of one session by label, a page at a time. */

import { useCallback, useEffect, useState } from "react";
import { total } from "../../app/teach";
import { type Sample, SampleError, type SampleSession } from "../../engine/samples";
import { usePage } from "../page";
import { useTeaching } from "./context";
import { Deletion } from "./Deletion";
import { Thumb } from "./Thumb";

/** Crops that are shown at first, and with every "more". */
const PAGE = 60;

interface Props {
  readonly session: SampleSession;
  /** Whether it is the one of this page. */
  readonly own: boolean;
}

export function SessionSamples({ session, own }: Props) {
  const { words } = usePage();
  const [open, setOpen] = useState(own);
  const count = total(session.counts);
  const time = words.moment(session.began);
  return (
    <article className="kept-session">
      <header className="kept-head">
        <div>
          <h3>
            {words.t("teach.session.from", { time })}
            {own && <span className="chip">{words.t("teach.session.own")}</span>}
          </h3>
          <p className="quiet figures">
            {count === 0
              ? words.t("teach.session.empty")
              : words.list(
                  Object.entries(session.counts).map(
                    ([label, number]) => `${words.label(label)} ${words.number(number)}`,
                  ),
                )}
          </p>
        </div>
        <div className="actions">
          {count > 0 && (
            <button
              type="button"
              className="button"
              aria-expanded={open}
              onClick={() => setOpen(!open)}
            >
              {words.t(open ? "teach.session.hide" : "teach.session.show")}
            </button>
          )}
          <Deletion
            what={{ session: session.session }}
            name={words.t("teach.delete.session")}
            question={words.t("teach.delete.session.sure", {
              crops: words.counted("teach.samples", count),
            })}
          />
        </div>
      </header>
      {open && count > 0 && <Crops session={session.session} count={count} />}
    </article>
  );
}

interface CropsProps {
  readonly session: string;
  /** As many as there are; a change loads them anew. */
  readonly count: number;
}

function Crops({ session, count }: CropsProps) {
  const { words } = usePage();
  const { samples: server, state } = useTeaching();
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const [next, setNext] = useState<number | null>(null);
  const [failed, setFailed] = useState<SampleError | null>(null);
  const load = useCallback(
    async (after: number, limit: number, isCurrent: () => boolean): Promise<void> => {
      try {
        const page = await server.page({ session, after, limit });
        if (isCurrent()) {
          setSamples((shown) => (after === 0 ? page.samples : [...shown, ...page.samples]));
          setNext(page.next);
          setFailed(null);
        }
      } catch (error) {
        if (isCurrent() && error instanceof SampleError) {
          setFailed(error);
        }
      }
    },
    [server, session],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: another count means other crops
  useEffect(() => {
    let current = true;
    // As many as were shown, so that deleting one does not fold the others away.
    void load(0, Math.max(PAGE, Math.min(samples.length, 1000)), () => current);
    return () => {
      current = false;
    };
  }, [load, count]);
  const order = state.facts?.labels ?? [];
  const labels = [...new Set(samples.map(({ label }) => label))].sort(
    (a, b) => order.indexOf(a) - order.indexOf(b),
  );
  return (
    <div className="kept-crops">
      {failed !== null && <p role="alert">{words.t(`teach.problem.${failed.trouble}`)}</p>}
      {labels.map((label) => (
        <section key={label}>
          <h4>{words.label(label)}</h4>
          <ul className="thumbs">
            {samples
              .filter((sample) => sample.label === label)
              .map((sample) => (
                <li key={sample.id}>
                  <Thumb sample={sample} />
                </li>
              ))}
          </ul>
        </section>
      ))}
      {next !== null && (
        <button type="button" className="button" onClick={() => void load(next, PAGE, () => true)}>
          {words.t("teach.more")}
        </button>
      )}
    </div>
  );
}
