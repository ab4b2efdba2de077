import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Shot } from "../../../src/app/live";
import { STATEMENT, statementOf } from "../../../src/app/statement";
import {
  NOTHING_TAUGHT,
  reduceTeach,
  type TeachEvent,
  type TeachState,
  taughtSessions,
} from "../../../src/app/teach";
import { LANGUAGES, type Language } from "../../../src/texts";
import { wordsOf } from "../../../src/texts/words";
import type { FaceRow } from "../../../src/vision/row";
import { face, row } from "./rows";

const SMALL = face({ box: [0, 0, 20, 20] });
const LARGE = face({ box: [100, 100, 200, 200] });
const BLOB = { picture: new Blob(), box: SMALL.box, landmarks: null };

function shot(faces: readonly FaceRow[]): Shot {
  const ms = { detect: null, model: null, total: 1 };
  const bitmap = {} as ImageBitmap;
  return { bitmap, answer: { row: row(0, faces), heat: [], ms, dropped: 0 } };
}

const taken = (faces: readonly FaceRow[], passing = false): TeachEvent => ({
  type: "taken",
  shot: shot(faces),
  mirror: false,
  passing,
});
const begun: TeachEvent = { type: "begun", id: "a", version: "page-1-en" };
const kept = (id: string): TeachEvent => ({
  type: "kept",
  sample: { id, session: "a", label: "happy" },
});
const labelled = (still: number, index: number): TeachEvent => ({
  type: "labelled",
  unsent: { label: "happy", face: BLOB, of: [still, index] },
});

function following(events: readonly TeachEvent[], from: TeachState = NOTHING_TAUGHT): TeachState {
  return events.reduce(reduceTeach, from);
}

describe("the statement", () => {
  // Whoever agreed did so to these words. If they change, raise VERSION in statement.ts, and note
  // the new words here.
  const KNOWN: Readonly<Record<Language, string>> = {
    en: "edca60ca0191aa08",
    de: "387fd6467fc0faf3",
    bn: "9e0c6086c72500c0",
  };

  it.each(Object.keys(LANGUAGES) as Language[])(
    "in %s has the words of its version",
    (language) => {
      const { version, words } = statementOf(wordsOf(language));
      expect(version).toBe(`page-1-${language}`);
      expect(createHash("sha256").update(words).digest("hex").slice(0, 16)).toBe(KNOWN[language]);
    },
  );

  it.each(Object.keys(LANGUAGES) as Language[])(
    "in %s is whole, and fits the server",
    (language) => {
      const words = wordsOf(language);
      const statement = statementOf(words);
      for (const part of STATEMENT) {
        expect(statement.words).toContain(words.t(`teach.say.${part}`));
      }
      expect(statement.words).toContain(words.t("teach.agree"));
      expect(statement.words.length).toBeLessThanOrEqual(8000);
      expect(statement.version.length).toBeLessThanOrEqual(64);
    },
  );
});

describe("a frame that stands still", () => {
  it("offers its largest face first", () => {
    expect(following([taken([SMALL, LARGE])]).face).toBe(1);
    expect(following([taken([])]).face).toBe(0);
  });

  it("goes to the next face when one is kept", () => {
    const state = following([begun, taken([SMALL, LARGE]), labelled(1, 1), kept("s")]);
    expect(state.face).toBe(0);
    expect(state.still?.kept).toEqual({ 1: { id: "s", session: "a", label: "happy" } });
    expect(state.unsent).toBeNull();
  });

  it("makes way when more frames follow, and stays otherwise", () => {
    const events = [begun, labelled(1, 0), kept("s")];
    expect(following([taken([LARGE], true), ...events]).still).toBeNull();
    expect(following([taken([LARGE], false), ...events]).still?.kept).toHaveProperty("0");
  });

  it("is not marked for a label of the frame before it", () => {
    const state = following([begun, taken([LARGE]), labelled(1, 0), taken([LARGE]), kept("s")]);
    expect(state.still?.kept).toEqual({});
  });

  it("can be labelled again when its sample is undone", () => {
    const before = following([begun, taken([LARGE]), labelled(1, 0), kept("s")]);
    const sample = { id: "s", session: "a", label: "happy" };
    const state = reduceTeach(before, { type: "undone", sample });
    expect(state.still?.kept).toEqual({});
    expect(state.notice).toEqual({ kind: "undone", sample });
  });
});

describe("a failure", () => {
  const failed = (trouble: "lost" | "consent" | "session-full"): TeachEvent => ({
    type: "failed",
    failure: { trouble, detail: "", task: "send" },
  });
  const sending = [
    begun,
    taken([LARGE]),
    labelled(1, 0),
    { type: "asking", task: "send" },
  ] as const;

  it.each(["lost", "consent", "session-full"] as const)("%s loses no label", (trouble) => {
    const state = following([...sending, failed(trouble)]);
    expect(state.unsent?.label).toBe("happy");
    expect(state.busy).toBeNull();
    expect(state.failure?.trouble).toBe(trouble);
  });

  it("of the consent ends the session, others do not", () => {
    expect(following([...sending, failed("consent")]).session).toBeNull();
    expect(following([...sending, failed("lost")]).session?.id).toBe("a");
  });

  it("of a list does not end what is being sent", () => {
    const failure = { trouble: "lost", detail: "", task: "list" } as const;
    expect(following([...sending, { type: "failed", failure }]).busy).toBe("send");
  });

  it("is over with the next attempt, and with another view", () => {
    const state = following([...sending, failed("lost")]);
    expect(reduceTeach(state, { type: "asking", task: "send" }).failure).toBeNull();
    expect(reduceTeach(state, { type: "view", view: "kept" }).failure).toBeNull();
  });
});

describe("what is deleted", () => {
  const deleted = { samples: 1, sessions: 0, note: "" };
  const state = following([begun, taken([LARGE]), labelled(1, 0), kept("s")]);

  it.each([
    ["a session with its consent", { session: "a" }, false],
    ["everything", { all: true }, false],
    ["another session", { session: "b" }, true],
    ["a sample", { sample: "s" }, true],
  ] as const)("%s: the session goes on: %s", (_, what, goesOn) => {
    const after = reduceTeach(state, { type: "deleted", deleted, what });
    expect(after.session !== null).toBe(goesOn);
    expect(after.notice).toEqual({ kind: "deleted", deleted });
  });
});

describe("the advice", () => {
  it("counts sessions that have crops", () => {
    const sessions = [{ happy: 2 }, {}, { sad: 0 }].map((counts, n) => ({
      session: `${n}`,
      began: "",
      counts,
    }));
    const listing = { samples: [], next: null, total: 2, counts: {}, sessions };
    expect(taughtSessions(listing)).toBe(1);
  });
});
