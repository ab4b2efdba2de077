/** What every language must have: the keys of en.ts, and the values that its texts take. */

import type { en } from "./en";

export type Key = keyof typeof en;

/** A missing or a superfluous key does not compile. */
export type Texts = Readonly<Record<Key, string>>;

/** Names in braces: `Placeholders<"{a} of {b}">` is `"a" | "b"`. */
type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholders<Rest>
  : never;

/** What must be given with a key: nothing, or a value per placeholder. */
export type Values<K extends Key> = [Placeholders<(typeof en)[K]>] extends [never]
  ? []
  : [values: Readonly<Record<Placeholders<(typeof en)[K]>, string>>];

/** Keys of texts that depend on a count: `faces.more` for `faces.more.one` and `.other`. */
export type CountKey = {
  [K in Key]: K extends `${infer Stem}.other` ? Stem : never;
}[Key];
