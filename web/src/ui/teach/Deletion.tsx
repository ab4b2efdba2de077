/** A button that asks once more before it deletes. */

import { useState } from "react";
import type { Doomed } from "../../app/teach";
import { Icon } from "../icons";
import { usePage } from "../page";
import { useTeaching } from "./context";

interface Props {
  readonly what: Doomed;
  readonly name: string;
  readonly question: string;
}

export function Deletion({ what, name, question }: Props) {
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
