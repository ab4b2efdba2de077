/** Turns what is read into words for the voice and for screen readers. */

import { useEffect, useState } from "react";
import type { Words } from "../texts/words";
import { forgotten, type Pace, paced, phraseOf, SILENT } from "./announcing";
import type { Live } from "./live";
import { say, speech } from "./voice";

const LOOK_MS = 200;

/** The words that a screen reader is to say; "" at first. */
export function useAnnouncer(live: Live, words: Words, spoken: boolean): string {
  const [said, setSaid] = useState("");
  useEffect(() => {
    let pace: Pace = SILENT;
    let { session } = live;
    const speaking = {
      label: words.label,
      list: words.list,
      unsure: words.t("say.unsure"),
      noFace: words.t("say.noFace"),
      faces: (count: number, names: string) => words.counted("say.faces", count, { names }),
    };
    const look = (): void => {
      const { answer } = live;
      if (answer === null || live.session !== session) {
        // What is read next is news even where it looks the same: a live region tells changes only.
        pace = forgotten(pace);
        session = live.session;
        setSaid("");
      }
      if (answer === null) {
        return;
      }
      const phrase = phraseOf(answer.row.faces, speaking);
      const [next, due] = paced(pace, phrase, performance.now() / 1000);
      pace = next;
      if (due !== null) {
        setSaid(due);
        if (spoken) {
          say(due, words.language);
        }
      }
    };
    const timer = setInterval(look, LOOK_MS);
    return () => {
      clearInterval(timer);
      speech()?.cancel();
    };
  }, [live, words, spoken]);
  return said;
}
