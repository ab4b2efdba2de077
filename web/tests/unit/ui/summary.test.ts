import { describe, expect, it } from "vitest";
import { MAX_GAP_S, Summary } from "../../../src/app/summary";
import { face, LABELS, row } from "./rows";

describe("Summary", () => {
  it("gives time to what was shown until the next frame", () => {
    const summary = new Summary(LABELS);
    summary.add(row(0, [face()]));
    summary.add(row(0.5, [face({ label: "sad" })]));
    summary.add(row(0.75, [face({ uncertain: true })]));
    summary.add(row(1.5, []));
    summary.add(row(2, []));
    expect(summary.tracks()).toEqual([
      { track: 0, labelS: [0.5, 0.25, 0], unsureS: 0.75, totalS: 1.5 },
    ]);
    expect([summary.totalS, summary.facelessS]).toEqual([2, 0.5]);
  });

  it("counts a pause as no more than the longest gap", () => {
    const summary = new Summary(LABELS);
    summary.add(row(0, [face()]));
    summary.add(row(600, [face()]));
    expect(summary.totalS).toBe(MAX_GAP_S);
  });

  it("says nothing about a still", () => {
    const summary = new Summary(LABELS);
    summary.add(row(null, [face({ track: null })]));
    summary.add(row(null, [face({ track: null })]));
    expect([summary.totalS, summary.tracks()]).toEqual([0, []]);
  });

  it("puts the faces seen longest ago together, and loses no second", () => {
    const summary = new Summary(LABELS, 3);
    for (let i = 0; i <= 10; i += 1) {
      summary.add(row(i, [face({ track: i })]));
    }
    const tracks = summary.tracks();
    expect(tracks.map((one) => one.track)).toEqual([7, 8, 9, null]);
    expect(summary.merged).toBe(7);
    expect(tracks.reduce((sum, one) => sum + one.totalS, 0)).toBe(10);
  });
});
