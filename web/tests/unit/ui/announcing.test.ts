import { describe, expect, it } from "vitest";
import { PAUSE_S, type Pace, paced, phraseOf, SILENT, STEADY_S } from "../../../src/app/announcing";
import { face } from "./rows";

/** What is said when phrases are shown at these times. */
function said(shown: readonly (readonly [seconds: number, phrase: string])[]): string[] {
  let pace: Pace = SILENT;
  const words: string[] = [];
  for (const [seconds, phrase] of shown) {
    const [next, due] = paced(pace, phrase, seconds);
    pace = next;
    if (due !== null) {
      words.push(`${due}@${seconds}`);
    }
  }
  return words;
}

const during = (from: number, to: number, phrase: string): [number, string][] =>
  Array.from({ length: Math.round((to - from) * 10) }, (_, i) => [
    Math.round((from + i / 10) * 10) / 10,
    phrase,
  ]);

describe("the pace of speech", () => {
  it("says a phrase once it stands, and not again while it stays", () => {
    expect(said(during(0, 60, "happy"))).toEqual([`happy@${STEADY_S}`]);
  });

  it("says nothing of what flickers", () => {
    const flicker = Array.from({ length: 100 }, (_, i): [number, string] => [
      i / 5,
      i % 2 === 0 ? "happy" : "sad",
    ]);
    expect(said(flicker)).toEqual([]);
  });

  it("pauses from one phrase to the next", () => {
    const words = said([...during(0, 1, "happy"), ...during(1, 9, "sad")]);
    expect(words).toEqual([`happy@${STEADY_S}`, `sad@${STEADY_S + PAUSE_S}`]);
  });

  it("does not repeat itself after a short change", () => {
    const shown = [...during(0, 4, "happy"), ...during(4, 4.3, "sad"), ...during(4.3, 9, "happy")];
    expect(said(shown)).toHaveLength(1);
  });
});

describe("the phrase", () => {
  const words = {
    label: (name: string) => name.toUpperCase(),
    unsure: "unsure",
    noFace: "no face",
    faces: (count: number, names: string) => `${count}: ${names}`,
    list: (names: readonly string[]) => names.join(", "),
  };

  it("names no face, one face, and an unsure one", () => {
    expect(phraseOf([], words)).toBe("no face");
    expect(phraseOf([face()], words)).toBe("HAPPY");
    expect(phraseOf([face({ uncertain: true })], words)).toBe("unsure");
  });

  it("goes from left to right, and counts the faces that it does not name", () => {
    const faces = [300, 100, 200, 400].map((x, i) =>
      face({ box: [x, 0, x + 50, 50], label: ["sad", "happy", "neutral", "sad"][i] ?? "" }),
    );
    expect(phraseOf(faces, words)).toBe("4: HAPPY, NEUTRAL, SAD");
  });
});
