/** The statement, and the tick without which nothing is sent. */

import { type FormEvent, useState } from "react";
import { STATEMENT } from "../../app/statement";
import { Icon } from "../icons";
import { usePage } from "../page";
import { useTeaching } from "./context";

export function Consent() {
  const { dispatch, words } = usePage();
  const teach = useTeaching();
  const [agreed, setAgreed] = useState(false);
  const { busy } = teach.state;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (agreed) {
      void teach.begin();
    }
  };
  return (
    <form className="consent" onSubmit={submit}>
      <p className="lead">{words.t("teach.lead")}</p>
      <dl className="statement">
        {STATEMENT.map((part) => (
          <div key={part} className={`statement-part statement-${part}`}>
            <dt>
              {part === "reach" && <Icon name="warning" />}
              {words.t(`teach.say.${part}.title`)}
            </dt>
            <dd>{words.t(`teach.say.${part}`)}</dd>
          </div>
        ))}
      </dl>
      <label className="check consent-tick">
        <input
          type="checkbox"
          checked={agreed}
          onChange={(event) => setAgreed(event.target.checked)}
        />
        <span>{words.t("teach.agree")}</span>
      </label>
      <div className="actions consent-foot">
        <p className="quiet">{words.t("teach.before")}</p>
        <button
          type="button"
          className="button"
          onClick={() => dispatch({ type: "dialog", dialog: null })}
        >
          {words.t("teach.decline")}
        </button>
        <button
          type="submit"
          className="button button-primary"
          disabled={!agreed || busy === "begin"}
        >
          {words.t("teach.begin")}
        </button>
      </div>
    </form>
  );
}
