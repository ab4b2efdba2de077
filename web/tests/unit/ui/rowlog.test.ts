import { describe, expect, it } from "vitest";
import { RowLog } from "../../../src/app/rowlog";
import { face, LABELS, row } from "./rows";

const bounds = { frames: 8, faces: 12 };

describe("RowLog", () => {
  it("gives rows back as they came", () => {
    const log = new RowLog("camera", LABELS);
    const points: [number, number][] = [1, 2, 3, 4, 5].map((v) => [v, v + 0.25]);
    const rows = [
      row(0.1, [face({ landmarks: points }), face({ track: null, smoothed: null })]),
      row(null, [], 1),
      row(0.3, [face({ label: "sad", uncertain: true, detected: false })], 2),
    ];
    for (const one of rows) {
      log.add(one);
    }
    expect([...log.rows()]).toEqual(rows);
  });

  it("keeps every frame until it is full", () => {
    const log = new RowLog("camera", LABELS, bounds);
    for (let i = 0; i < 8; i += 1) {
      log.add(row(i, [face()], i));
    }
    expect([log.length, log.seen, log.stride]).toEqual([8, 8, 1]);
  });

  it("thins evenly and says so", () => {
    const log = new RowLog("camera", LABELS, bounds);
    for (let i = 0; i < 100; i += 1) {
      log.add(row(i, [face({ track: i })], i));
    }
    expect(log.seen).toBe(100);
    expect(log.length).toBeLessThanOrEqual(8);
    const kept = [...log.rows()];
    expect(kept.map((one) => one.frame)).toEqual(kept.map((_, k) => k * log.stride));
    expect(kept.map((one) => one.faces[0]?.track)).toEqual(kept.map((_, k) => k * log.stride));
    expect(log.stride).toBe(16);
  });

  it("is bounded by faces, too", () => {
    const log = new RowLog("camera", LABELS, bounds);
    for (let i = 0; i < 8; i += 1) {
      log.add(row(i, [face(), face(), face(), face()], i));
    }
    const faces = [...log.rows()].reduce((sum, one) => sum + one.faces.length, 0);
    expect(faces).toBeLessThanOrEqual(12);
    expect(log.length * log.stride).toBeGreaterThanOrEqual(log.seen - log.stride);
  });

  it("keeps the first frame even if its faces are too many", () => {
    const log = new RowLog("camera", LABELS, bounds);
    const crowd = Array.from({ length: 20 }, () => face());
    log.add(row(0, crowd));
    log.add(row(1, crowd, 1));
    expect([...log.rows()].map((one) => [one.frame, one.faces.length])).toEqual([[0, 20]]);
  });

  it("refuses bounds without room", () => {
    expect(() => new RowLog("camera", LABELS, { frames: 1, faces: 9 })).toThrow(/room for 2/);
  });
});
