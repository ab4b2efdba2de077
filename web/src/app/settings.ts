/** What a person has chosen, remembered in localStorage. A token is never among it. */

import type { Mode, Precision } from "../engine/types";
import { isLanguage, type Language, languageOf } from "../texts";

export type Theme = "auto" | "light" | "dark";

export interface Settings {
  readonly language: Language;
  readonly theme: Theme;
  readonly mode: Mode;
  /** Name in models.json; null = the first one. */
  readonly model: string | null;
  readonly precision: Precision;
  /** Whether the graphics card may read the model, where that measures faster. */
  readonly graphics: boolean;
  /** Camera to open; null = the browser's choice. */
  readonly camera: string | null;
  readonly mirror: boolean;
  readonly heat: boolean;
  readonly landmarks: boolean;
  /** Probability bars beside the box, in the picture. */
  readonly bars: boolean;
  readonly speech: boolean;
  /** Single-key shortcuts (WCAG 2.1.4 wants a switch for them). */
  readonly shortcuts: boolean;
  /** Whether the first-run note was read. */
  readonly noted: boolean;
}

const KEY = "mien.settings/1";
const THEMES: readonly string[] = ["auto", "light", "dark"];
const NEXT_THEME: Readonly<Record<Theme, Theme>> = { auto: "light", light: "dark", dark: "auto" };

/** What the switch for colours gives next. */
export function nextTheme(theme: Theme): Theme {
  return NEXT_THEME[theme];
}

export function defaultSettings(languages: readonly string[]): Settings {
  return {
    language: languageOf(languages),
    theme: "auto",
    mode: "device",
    model: null,
    precision: "int8",
    graphics: false,
    camera: null,
    mirror: true,
    heat: false,
    landmarks: false,
    bars: true,
    speech: false,
    shortcuts: true,
    noted: false,
  };
}

/** The stored settings; whatever is missing, damaged or of another version is the default. */
export function loadSettings(storage: Storage | null, languages: readonly string[]): Settings {
  const defaults = defaultSettings(languages);
  const stored = parsed(read(storage));
  const flag = (name: keyof Settings): boolean =>
    typeof stored[name] === "boolean" ? stored[name] : (defaults[name] as boolean);
  const text = (name: keyof Settings): string | null =>
    typeof stored[name] === "string" ? stored[name] : null;
  const language = text("language");
  const theme = text("theme");
  return {
    language: language !== null && isLanguage(language) ? language : defaults.language,
    theme: theme !== null && THEMES.includes(theme) ? (theme as Theme) : defaults.theme,
    mode: stored.mode === "server" ? "server" : "device",
    model: text("model"),
    precision: stored.precision === "fp32" ? "fp32" : "int8",
    graphics: flag("graphics"),
    camera: text("camera"),
    mirror: flag("mirror"),
    heat: flag("heat"),
    landmarks: flag("landmarks"),
    bars: flag("bars"),
    speech: flag("speech"),
    shortcuts: flag("shortcuts"),
    noted: flag("noted"),
  };
}

/** Whether the settings could be stored; private windows may refuse. */
export function saveSettings(storage: Storage | null, settings: Settings): boolean {
  try {
    storage?.setItem(KEY, JSON.stringify(settings));
    return storage !== null;
  } catch {
    return false;
  }
}

/** The browser's storage; null where reading it alone is forbidden. */
export function browserStorage(): Storage | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}

function read(storage: Storage | null): string | null {
  try {
    return storage?.getItem(KEY) ?? null;
  } catch {
    return null;
  }
}

function parsed(text: string | null): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
