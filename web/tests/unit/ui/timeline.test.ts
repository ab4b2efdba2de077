import { describe, expect, it } from "vitest";
import { MAX_LINES, SPAN_S, STEP_S, Timeline } from "../../../src/app/timeline";
import { stretches } from "../../../src/ui/Timeline";
import { face, LABELS, row } from "./rows";

describe("Timeline", () => {
  it("holds half a minute and no more, whatever the frame rate", () => {
    const timeline = new Timeline(LABELS);
    for (let i = 0; i < 60 * 120; i += 1) {
      timeline.add(row(i / 60, [face()]));
    }
    const times = [...timeline.samples(0)].map((sample) => sample.timeS);
    expect(times.length).toBeLessThanOrEqual(SPAN_S / STEP_S + 1);
    expect(times.at(-1)).toBeCloseTo(timeline.nowS, 0);
    expect(timeline.nowS - (times[0] as number)).toBeGreaterThan(SPAN_S - 1);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it("takes the smoothed values, and the raw ones where nothing is smoothed", () => {
    const timeline = new Timeline(LABELS);
    timeline.add(row(0, [face({ smoothed: { happy: 0.5, sad: 0.25, neutral: 0.25 } })]));
    timeline.add(row(1, [face({ smoothed: null, uncertain: true })]));
    const [first, second] = [...timeline.samples(0)];
    expect([...(first?.values ?? [])]).toEqual([0.5, 0.25, 0.25]);
    expect(second?.values[0]).toBeCloseTo(0.7);
    expect([first?.uncertain, second?.uncertain]).toEqual([false, true]);
  });

  it("forgets a face that was away for the whole span", () => {
    const timeline = new Timeline(LABELS);
    timeline.add(row(0, [face({ track: 4 })]));
    timeline.add(row(SPAN_S + 1, [face({ track: 9 })]));
    expect(timeline.tracks()).toEqual([9]);
    expect([...timeline.samples(4)]).toEqual([]);
  });

  it("has a bounded number of lines, and drops the one seen longest ago", () => {
    const timeline = new Timeline(LABELS);
    for (let i = 0; i < MAX_LINES + 5; i += 1) {
      timeline.add(row(i / 10, [face({ track: i })]));
    }
    expect(timeline.tracks()).toHaveLength(MAX_LINES);
    expect(timeline.tracks()[0]).toBe(5);
  });

  it("leaves out stills and faces without a track", () => {
    const timeline = new Timeline(LABELS);
    timeline.add(row(null, [face()]));
    timeline.add(row(1, [face({ track: null })]));
    expect(timeline.tracks()).toEqual([]);
  });
});

describe("stretches", () => {
  it("are cut where a face was away", () => {
    expect(stretches([0, 0.1, 0.2, 5, 5.1])).toEqual([
      { from: 0, to: 3 },
      { from: 3, to: 5 },
    ]);
    expect(stretches([])).toEqual([]);
  });
});
