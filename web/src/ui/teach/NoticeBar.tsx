/** What was done last: said to screen readers, shown with what can be done about it. */

import { useEffect, useRef } from "react";
import type { Notice } from "../../app/teach";
import type { Words } from "../../texts/words";
import { Icon } from "../icons";
import { usePage } from "../page";
import { useTeaching } from "./context";

export function NoticeBar() {
  const { words } = usePage();
  const teach = useTeaching();
  const { notice, busy, still } = teach.state;
  const element = useRef<HTMLDivElement>(null);
  // The button that was pressed is gone or disabled. While frames come, the button that takes the
  // next one has the focus instead.
  const moves = notice?.kind === "deleted" || (notice?.kind === "kept" && still !== null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each notice
  useEffect(() => {
    if (moves) {
      element.current?.focus({ preventScroll: true });
    }
  }, [notice]);
  return (
    <div className="notice-place" aria-live="polite">
      {notice !== null && (
        <div ref={element} className="notice" tabIndex={-1}>
          <Icon name="check" />
          <div className="notice-text">
            <p>{sentence(notice, words)}</p>
            {notice.kind === "deleted" && (
              <>
                <p>{words.t("teach.reach")}</p>
                <p className="quiet">
                  {words.t("teach.server")} <q lang="en">{notice.deleted.note}</q>
                </p>
              </>
            )}
          </div>
          {notice.kind === "kept" && (
            <button
              type="button"
              className="button"
              disabled={busy !== null}
              onClick={() => void teach.undo()}
            >
              <Icon name="undo" />
              {words.t("teach.undo")}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function sentence(notice: Notice, words: Words): string {
  switch (notice.kind) {
    case "begun":
    case "ended":
      return words.t(`teach.notice.${notice.kind}`);
    case "kept":
    case "undone":
      return words.t(`teach.notice.${notice.kind}`, { label: words.label(notice.sample.label) });
    case "deleted": {
      const { samples, sessions } = notice.deleted;
      const crops = words.counted("teach.samples", samples);
      return sessions === 0
        ? words.t("teach.notice.deleted", { what: crops })
        : words.t("teach.notice.deleted", {
            what: words.list([crops, words.counted("teach.sessions", sessions)]),
          });
    }
  }
}
