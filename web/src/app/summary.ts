/** Share of time per label and face. Time goes to what was shown until the next frame came. */

import type { FrameRow } from "../vision/row";

/** Faces that are counted apart; the ones seen longest ago are put together beyond that. */
export const MAX_TRACKS = 100;

/** A longer gap between two frames is a pause, and counts as this many seconds. */
export const MAX_GAP_S = 1;

export interface TrackSummary {
  /** Null: all faces that are no longer counted apart. */
  readonly track: number | null;
  readonly totalS: number;
  /** Seconds by label, in the order of the labels; `unsureS` is apart. */
  readonly labelS: readonly number[];
  readonly unsureS: number;
}

interface Tally {
  seen: number;
  unsureS: number;
  readonly labelS: number[];
}

export class Summary {
  readonly labels: readonly string[];
  readonly #tracks = new Map<number, Tally>();
  readonly #maxTracks: number;
  #others: Tally | null = null;
  #last: FrameRow | null = null;
  #totalS = 0;
  #facelessS = 0;
  #merged = 0;

  constructor(labels: readonly string[], maxTracks: number = MAX_TRACKS) {
    this.labels = labels;
    this.#maxTracks = maxTracks;
  }

  get totalS(): number {
    return this.#totalS;
  }

  /** Seconds without any face. */
  get facelessS(): number {
    return this.#facelessS;
  }

  /** How many faces were put together. */
  get merged(): number {
    return this.#merged;
  }

  add(row: FrameRow): void {
    const before = this.#last;
    this.#last = row;
    if (before === null || before.time_s === null || row.time_s === null) {
      return;
    }
    const seconds = Math.min(Math.max(row.time_s - before.time_s, 0), MAX_GAP_S);
    this.#totalS += seconds;
    if (before.faces.length === 0) {
      this.#facelessS += seconds;
    }
    for (const face of before.faces) {
      if (face.track === null) {
        continue;
      }
      const tally = this.#tally(face.track, row.time_s);
      if (face.uncertain) {
        tally.unsureS += seconds;
      } else {
        const label = this.labels.indexOf(face.label);
        tally.labelS[label] = (tally.labelS[label] ?? 0) + seconds;
      }
    }
  }

  /** By the face's number; faces that are put together come last. */
  tracks(): readonly TrackSummary[] {
    const known = [...this.#tracks].sort(([a], [b]) => a - b);
    const all: [number | null, Tally][] =
      this.#others === null ? known : [...known, [null, this.#others]];
    return all.map(([track, tally]) => ({
      track,
      labelS: [...tally.labelS],
      unsureS: tally.unsureS,
      totalS: tally.labelS.reduce((sum, seconds) => sum + seconds, tally.unsureS),
    }));
  }

  #tally(track: number, timeS: number): Tally {
    const found = this.#tracks.get(track) ?? this.#empty();
    found.seen = timeS;
    this.#tracks.set(track, found);
    if (this.#tracks.size > this.#maxTracks) {
      this.#merge(track);
    }
    return found;
  }

  /** Put the face seen longest ago, other than `kept`, with the others. */
  #merge(kept: number): void {
    let oldest: number | null = null;
    let seen = Number.POSITIVE_INFINITY;
    for (const [track, tally] of this.#tracks) {
      if (track !== kept && tally.seen < seen) {
        oldest = track;
        seen = tally.seen;
      }
    }
    const tally = oldest === null ? undefined : this.#tracks.get(oldest);
    if (oldest === null || tally === undefined) {
      return;
    }
    this.#tracks.delete(oldest);
    this.#others ??= this.#empty();
    this.#merged += 1;
    this.#others.unsureS += tally.unsureS;
    for (const [k, seconds] of tally.labelS.entries()) {
      this.#others.labelS[k] = (this.#others.labelS[k] ?? 0) + seconds;
    }
  }

  #empty(): Tally {
    return { seen: 0, unsureS: 0, labelS: new Array<number>(this.labels.length).fill(0) };
  }
}
