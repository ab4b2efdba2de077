/** Texts and numbers of one language, ready to use. */

import { filled, LANGUAGES, type Language } from "./index";
import type { CountKey, Key, Values } from "./type";

export interface Words {
  readonly language: Language;
  t<K extends Key>(key: K, ...values: Values<K>): string;
  /** A text that depends on `count`; `{count}` and other places are filled. */
  counted(key: CountKey, count: number, values?: Readonly<Record<string, string>>): string;
  /** The name of an expression; one that the texts do not know stays as the model has it. */
  label(name: string): string;
  number(value: number, digits?: number): string;
  percent(share: number): string;
  /** "3.2 MB" */
  bytes(count: number): string;
  /** "1:05:09" or "2:03", from seconds. */
  clock(seconds: number): string;
  /** Day and time of a moment given as ISO 8601, in the time of this device. */
  moment(iso: string): string;
  list(names: readonly string[]): string;
}

export function wordsOf(language: Language): Words {
  const texts = LANGUAGES[language];
  const plurals = new Intl.PluralRules(language);
  const lists = new Intl.ListFormat(language, { type: "unit", style: "short" });
  const percents = new Intl.NumberFormat(language, { style: "percent" });
  const megabytes = new Intl.NumberFormat(language, {
    style: "unit",
    unit: "megabyte",
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  });
  const moments = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  const two = new Intl.NumberFormat(language, { minimumIntegerDigits: 2 });
  const plain = [0, 1].map(
    (digits) => new Intl.NumberFormat(language, { maximumFractionDigits: digits }),
  );
  const number = (value: number, digits = 0): string =>
    (plain[digits] ?? new Intl.NumberFormat(language, { maximumFractionDigits: digits })).format(
      value,
    );
  return {
    language,
    number,
    t: (key, ...values) => filled(texts[key], values[0] ?? {}),
    counted: (key, count, values = {}) => {
      const kind = plurals.select(count) === "one" ? "one" : "other";
      return filled(texts[`${key}.${kind}`], { count: number(count), ...values });
    },
    label: (name) => (isKey(`label.${name}`) ? texts[`label.${name}` as Key] : name),
    percent: (share) => percents.format(share),
    bytes: (count) => megabytes.format(count / 1e6),
    clock: (seconds) => {
      const whole = Math.floor(seconds);
      const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
      return h > 0
        ? `${number(h)}:${two.format(m)}:${two.format(s)}`
        : `${number(m)}:${two.format(s)}`;
    },
    moment: (iso) => moments.format(new Date(iso)),
    list: (names) => lists.format(names),
  };
}

export function isKey(text: string): text is Key {
  return text in LANGUAGES.en;
}
