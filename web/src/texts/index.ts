/** Languages of the page. */

import { bn } from "./bn";
import { de } from "./de";
import { en } from "./en";
import type { Texts } from "./type";

export type Language = "en" | "de" | "bn";

export const LANGUAGES: Readonly<Record<Language, Texts>> = { en, de, bn };

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
