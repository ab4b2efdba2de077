/** Share of time per expression and face, and what can be saved. */

import { MAX_TRACKS, type TrackSummary } from "../app/summary";
import { colourOf } from "./colours";
import { useLive, usePage } from "./page";
import { Scroll } from "./Scroll";
import { useGround } from "./theme";

export function Summary() {
  const { live, words } = usePage();
  useLive(live, 1000);
  const summary = live.session?.timed === true ? live.session.summary : null;
  const tracks = summary?.tracks() ?? [];
  return (
    <div className="card summary">
      <h2>{words.t("summary.title")}</h2>
      {summary === null || summary.totalS === 0 ? (
        <p className="empty">{words.t("summary.empty")}</p>
      ) : (
        <>
          <p className="quiet">
            {words.t("summary.time", {
              time: words.clock(summary.totalS),
              share: words.percent(summary.facelessS / summary.totalS),
            })}
          </p>
          <Scroll className="summary-rows" label={words.t("summary.shares")}>
            {tracks.map((track) => (
              <Shares
                key={track.track ?? "others"}
                track={track}
                labels={summary.labels}
                merged={summary.merged}
              />
            ))}
          </Scroll>
          {summary.merged > 0 && (
            <p className="quiet">
              {words.t("summary.merged", { limit: words.number(MAX_TRACKS) })}
            </p>
          )}
        </>
      )}
    </div>
  );
}

interface Props {
  readonly track: TrackSummary;
  readonly labels: readonly string[];
  readonly merged: number;
}

function Shares({ track, labels, merged }: Props) {
  const { words } = usePage();
  const ground = useGround();
  const parts = [
    ...labels.map((label, k) => ({
      name: words.label(label),
      colour: colourOf(label, ground),
      share: (track.labelS[k] ?? 0) / track.totalS,
    })),
    { name: words.t("faces.unsure"), colour: null, share: track.unsureS / track.totalS },
  ].filter((part) => part.share >= 0.005);
  const name =
    track.track === null
      ? words.t("summary.others", { count: words.number(merged) })
      : words.t("faces.face", { number: words.number(track.track + 1) });
  return (
    <div className="shares">
      <p className="shares-head">
        <span>{name}</span>
        <span className="figures">{words.clock(track.totalS)}</span>
      </p>
      <div className="shares-bar" aria-hidden="true">
        {parts.map((part) => (
          <span
            key={part.name}
            className={part.colour === null ? "share share-unsure" : "share"}
            style={{
              flexGrow: part.share,
              ...(part.colour === null ? {} : { backgroundColor: part.colour }),
            }}
          />
        ))}
      </div>
      <ul className="shares-list">
        {parts
          .toSorted((a, b) => b.share - a.share)
          .map((part) => (
            <li key={part.name}>
              <span
                className={part.colour === null ? "swatch share-unsure" : "swatch"}
                style={part.colour === null ? {} : { backgroundColor: part.colour }}
                aria-hidden="true"
              />
              {part.name} <span className="figures">{words.percent(part.share)}</span>
            </li>
          ))}
      </ul>
    </div>
  );
}
