/** What is said aloud and to screen readers, and when: on change only, and not too often. */

import type { FaceRow } from "../vision/row";

/** A phrase must stand this long before it is said. */
export const STEADY_S = 0.6;

/** From one phrase to the next. */
export const PAUSE_S = 2.5;

/** Faces that are named; the rest are counted only. */
export const MAX_NAMED = 3;

export interface Words {
  label(name: string): string;
  readonly unsure: string;
  readonly noFace: string;
  /** "3 faces: happy, unsure, neutral" */
  faces(count: number, names: string): string;
  list(names: readonly string[]): string;
}

/** The faces in words, from left to right. */
export function phraseOf(faces: readonly FaceRow[], words: Words): string {
  const names = [...faces]
    .sort((a, b) => a.box[0] + a.box[2] - (b.box[0] + b.box[2]))
    .slice(0, MAX_NAMED)
    .map((face) => (face.uncertain ? words.unsure : words.label(face.label)));
  if (faces.length === 0) {
    return words.noFace;
  }
  return faces.length === 1 ? (names[0] as string) : words.faces(faces.length, words.list(names));
}

export interface Pace {
  readonly phrase: string;
  /** Since when the phrase has stood. */
  readonly sinceS: number;
  readonly said: string | null;
  readonly saidS: number;
}

export const SILENT: Pace = {
  phrase: "",
  sinceS: 0,
  said: null,
  saidS: Number.NEGATIVE_INFINITY,
};

/** The pace at which something new is read: any phrase is said, but no sooner after the last. */
export function forgotten(pace: Pace): Pace {
  return { ...SILENT, saidS: pace.saidS };
}

/** The pace after a phrase at a time, and what is to be said now: null = nothing. */
export function paced(pace: Pace, phrase: string, nowS: number): readonly [Pace, string | null] {
  const sinceS = phrase === pace.phrase ? pace.sinceS : nowS;
  const standing = { ...pace, phrase, sinceS };
  const due = phrase !== pace.said && nowS - sinceS >= STEADY_S && nowS - pace.saidS >= PAUSE_S;
  return due ? [{ ...standing, said: phrase, saidS: nowS }, phrase] : [standing, null];
}
