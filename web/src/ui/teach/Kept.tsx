/** What the server keeps, by session; one crop, a session or everything can be deleted. */

import { usePage } from "../page";
import { useTeaching } from "./context";
import { Deletion } from "./Deletion";
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
