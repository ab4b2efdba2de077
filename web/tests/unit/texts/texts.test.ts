import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { filled, LANGUAGES, type Language, languageOf } from "../../../src/texts";
import { wordsOf } from "../../../src/texts/words";

const languages = Object.keys(LANGUAGES) as Language[];
const places = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? "").sort();

describe.each(languages)("the texts of %s", (language) => {
  const texts: Readonly<Record<string, string>> = LANGUAGES[language];

  it("are complete, and none is empty", () => {
    expect(Object.keys(texts).sort()).toEqual(Object.keys(LANGUAGES.en).sort());
    expect(Object.entries(texts).filter(([, text]) => text.trim() === "")).toEqual([]);
  });

  it("have the places of the English ones", () => {
    for (const [key, text] of Object.entries(LANGUAGES.en)) {
      expect([key, ...places(texts[key] ?? "")]).toEqual([key, ...places(text)]);
    }
  });

  it("have both forms of everything that is counted", () => {
    const stems = (end: string): string[] =>
      Object.keys(texts).flatMap((key) => (key.endsWith(end) ? [key.slice(0, -end.length)] : []));
    expect(stems(".one").sort()).toEqual(stems(".other").sort());
    expect(stems(".one").length).toBeGreaterThan(0);
  });
});

describe("the English texts", () => {
  it("have no word that nobody says", () => {
    const odd = /\b(told|anew|shall)\b/i;
    expect(Object.entries(LANGUAGES.en).filter(([, text]) => odd.test(text))).toEqual([]);
  });
});

describe("the first-run note", () => {
  it.each(languages)("names both duties of the AI Act in %s", (language) => {
    const note = LANGUAGES[language]["note.where"];
    expect(note).toMatch(/5\(1\)\(f\)|Artikel 5 Absatz 1 Buchstabe f/);
    expect(note).toMatch(/50\(3\)|Artikel 50 Absatz 3|৫০\(৩\)/);
    expect(note).toMatch(/2026|২০২৬/);
  });
});

describe("every key", () => {
  it("is used by a view", () => {
    const folder = fileURLToPath(new URL("../../../src/", import.meta.url));
    const code = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name) && !/texts.(en|de|bn)\./.test(name))
      .map((name) => readFileSync(`${folder}${name}`, "utf8"))
      .join("\n");
    // `label.${name}`: put together of a part and a name that is known only when it runs.
    const made = [...code.matchAll(/`((?:\w+\.)+)\$\{/g)].map((found) => found[1] ?? "");
    const unused = Object.keys(LANGUAGES.en).filter((key) => {
      const stem = key.replace(/\.(one|other)$/, "");
      const named = code.includes(`"${key}"`) || code.includes(`"${stem}"`);
      return !named && !made.some((part) => key.startsWith(part));
    });
    // Each language names itself: LanguageChoice reads it of every language.
    expect(unused.filter((key) => key !== "language")).toEqual([]);
  });
});

describe("the language", () => {
  it.each([
    [["de-AT", "en"], "de"],
    [["fr-FR", "bn-BD"], "bn"],
    [["fr"], "en"],
    [[], "en"],
  ] as const)("of %j is %s", (tags, language) => {
    expect(languageOf(tags)).toBe(language);
  });
});

describe("words", () => {
  it("fill places and leave unknown ones visible", () => {
    expect(filled("{a} of {b}", { a: "1" })).toBe("1 of {b}");
  });

  it("write numbers as the language does", () => {
    expect(wordsOf("de").number(281543)).toBe("281.543");
    expect(wordsOf("bn").number(281543)).toBe("২,৮১,৫৪৩");
    expect(wordsOf("en").percent(0.824)).toBe("82%");
    expect(wordsOf("de").percent(0.824)).toBe("82\u00a0%");
    expect(wordsOf("en").bytes(3_662_000)).toBe("3.7 MB");
  });

  it("count", () => {
    const { counted } = wordsOf("de");
    expect(counted("faces.more", 1)).toBe("1 weiteres Gesicht");
    expect(counted("faces.more", 2)).toBe("2 weitere Gesichter");
    expect(wordsOf("en").counted("say.faces", 2, { names: "happy, sad" })).toBe(
      "2 faces: happy, sad",
    );
  });

  it("tell the time", () => {
    const { clock } = wordsOf("en");
    expect([0, 59.9, 61, 3909].map(clock)).toEqual(["0:00", "0:59", "1:01", "1:05:09"]);
  });

  it("name expressions, and leave unknown labels as they are", () => {
    expect(wordsOf("de").label("happy")).toBe("fröhlich");
    expect(wordsOf("de").label("perplexed")).toBe("perplexed");
  });
});
