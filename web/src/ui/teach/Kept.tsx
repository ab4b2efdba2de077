/** What the server keeps, by session; one crop, a session or everything can be deleted. */

import { useState } from "react";
import type { Doomed } from "../../app/teach";
import { Icon } from "../icons";
import { usePage } from "../page";
import { useTeaching } from "./context";
import { SessionSamples } from "./SessionSamples";

export function Kept() {
  const { words } = usePage();
  const { state } = useTeaching();
  const { listing, session } = state;
  if (listing === null) {
    return <p className="quiet">{state.failure === null ? words.t("teach.listing") : ""}</p>;
  }
  if (listing.sessions.length === 0) {
    return <p className="empty kept-empty">{words.t("teach.kept.empty")}</p>;
  }
  const what = words.list([
    words.counted("teach.samples", listing.total),
    words.counted("teach.sessions", listing.sessions.length),
  ]);
  return (
    <div className="kept">
      <div className="kept-head">
        <p className="strong figures">{what}</p>
        <Deletion
          what={{ all: true }}
          name={words.t("teach.delete.all")}
          question={words.t("teach.delete.all.sure", { what })}
        />
      </div>
      <ul className="kept-sessions">
        {listing.sessions.toReversed().map((each) => (
          <li key={each.session}>
            <SessionSamples session={each} own={each.session === session?.id} />
          </li>
        ))}
      </ul>
      <p className="quiet">{words.t("teach.reach")}</p>
    </div>
  );
}

interface DeletionProps {
  readonly what: Doomed;
  readonly name: string;
  readonly question: string;
}

/** A button that asks once more before it deletes. */
export function Deletion({ what, name, question }: DeletionProps) {
  const { words } = usePage();
  const teach = useTeaching();
  const [asked, setAsked] = useState(false);
  const [backed, setBacked] = useState(false);
  const back = (): void => {
    setAsked(false);
    setBacked(true);
  };
  if (!asked) {
    return (
      <button
        type="button"
        className="button button-danger"
        // biome-ignore lint/a11y/noAutofocus: who thought better of it is back where they were
        autoFocus={backed}
        onClick={() => setAsked(true)}
      >
        <Icon name="trash" />
        {name}
      </button>
    );
  }
  return (
    <fieldset className="sure">
      <legend className="visually-hidden">{name}</legend>
      <p className="strong" role="alert">
        {question}
      </p>
      <div className="actions">
        <button
          type="button"
          className="button"
          // biome-ignore lint/a11y/noAutofocus: the button that was pressed is gone; this is the safe one
          autoFocus
          onClick={back}
        >
          {words.t("teach.delete.no")}
        </button>
        <button
          type="button"
          className="button button-danger-strong"
          disabled={teach.state.busy !== null}
          onClick={async () => {
            if (!(await teach.remove(what))) {
              back();
            }
          }}
        >
          <Icon name="trash" />
          {words.t("teach.delete.yes")}
        </button>
      </div>
    </fieldset>
  );
}
