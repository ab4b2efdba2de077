/** Languages of the page; see en.ts for the keys. */

import { bn } from "./bn";
import { de } from "./de";
import { en } from "./en";

export type Key = keyof typeof en;

/** A missing or a superfluous key does not compile. */
export type Texts = Readonly<Record<Key, string>>;

export type Language = "en" | "de" | "bn";

export const LANGUAGES: Readonly<Record<Language, Texts>> = { en, de, bn };

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

export function isLanguage(text: string): text is Language {
  return text in LANGUAGES;
}

/** The first known one of the browser's languages ("de-AT" is "de"); English without any. */
export function languageOf(tags: readonly string[]): Language {
  const stems = tags.map((tag) => tag.toLowerCase().split("-")[0] ?? "");
  return stems.find(isLanguage) ?? "en";
}

/** Put values into the places of a text; a place without a value stays visible. */
export function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => values[name] ?? place);
}
