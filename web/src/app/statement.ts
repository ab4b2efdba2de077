/** The statement that a person agrees to before anything is kept. */

import type { Consent } from "../engine/samples";
import type { Words } from "../texts/words";

/** Raise it whenever the words change in any language; a test compares them with those it knows. */
const VERSION = 1;

/** What the statement is about, in the order in which it is read. */
export const STATEMENT = ["sent", "kept", "not", "where", "delete", "reach", "whose"] as const;

/** Version and words of the statement as it is shown, the line of the tick included. */
export function statementOf(words: Words): Consent {
  const parts = STATEMENT.map(
    (part) => `${words.t(`teach.say.${part}.title`)}: ${words.t(`teach.say.${part}`)}`,
  );
  return {
    version: `page-${VERSION}-${words.language}`,
    words: [...parts, words.t("teach.agree")].join("\n"),
  };
}
