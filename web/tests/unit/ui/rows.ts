/** Rows for tests. */

import type { FaceRow, FrameRow } from "../../../src/vision/row";

export const LABELS = ["happy", "sad", "neutral"] as const;

export function face(change: Partial<FaceRow> = {}): FaceRow {
  const table = { happy: 0.7, sad: 0.2, neutral: 0.1 };
  return {
    box: [10, 20, 110, 140],
    score: 0.99,
    landmarks: null,
    track: 0,
    detected: true,
    probabilities: table,
    smoothed: table,
    label: "happy",
    uncertain: false,
    ...change,
  };
}

export function row(timeS: number | null, faces: readonly FaceRow[], frame = 0): FrameRow {
  return {
    schema: "mien.row/1",
    model: "tiny",
    source: "camera",
    frame,
    time_s: timeS,
    width: 640,
    height: 480,
    faces,
  };
}
