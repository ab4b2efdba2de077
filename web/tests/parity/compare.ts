/** How far two readings of the same frames are apart; no import of Node, so it runs in a page. */

import type { FaceRow, FrameRow, Probabilities } from "../../src/vision/row";

/** The bars of DESIGN 9. */
export const BARS = { probability: 1e-3, box: 1 };

export interface Distance {
  readonly faces: number;
  /** Largest difference of a probability, raw or smoothed. */
  readonly probability: number;
  /** Largest distance of an edge or landmark, pixels. */
  readonly box: number;
  /** Largest difference of a detector's score. */
  readonly score: number;
  /** Labels that differ although the top two probabilities are further apart than the bar. */
  readonly labels: number;
  /** Frames whose faces, tracks or facts differ: nothing else of them is compared. */
  readonly strange: readonly string[];
}

/** Compare rows one by one; two lists of different length are strange. */
export function distanceOf(wanted: readonly FrameRow[], got: readonly FrameRow[]): Distance {
  const strange: string[] = [];
  if (wanted.length !== got.length) strange.push(`${got.length} rows for ${wanted.length}`);
  const pairs: [FaceRow, FaceRow][] = [];
  wanted.forEach((row, at) => {
    const other = got[at];
    if (!other) return;
    if (shapeOf(row) === shapeOf(other)) {
      row.faces.forEach((face, k) => {
        pairs.push([face, other.faces[k] as FaceRow]);
      });
    } else {
      strange.push(`row ${at}: ${shapeOf(other)} for ${shapeOf(row)}`);
    }
  });
  const most = (distance: (a: FaceRow, b: FaceRow) => number) =>
    pairs.reduce((largest, [a, b]) => Math.max(largest, distance(a, b)), 0);
  return {
    faces: pairs.length,
    probability: most((a, b) =>
      Math.max(apart(a.probabilities, b.probabilities), apart(a.smoothed ?? {}, b.smoothed ?? {})),
    ),
    box: most((a, b) => {
      const points = [a.box.flat(), (a.landmarks ?? []).flat()].flat();
      const others = [b.box.flat(), (b.landmarks ?? []).flat()].flat();
      return Math.max(...points.map((value, at) => Math.abs(value - (others[at] as number))));
    }),
    score: most((a, b) => Math.abs(a.score - b.score)),
    labels: pairs.filter(([a, b]) => a.label !== b.label && leadOf(a) > 2 * BARS.probability)
      .length,
    strange,
  };
}

/** Everything of a row that must be equal to the letter. */
function shapeOf({ model, frame, time_s, width, height, faces }: FrameRow): string {
  const each = faces.map((face) => [
    face.track,
    face.detected,
    face.landmarks !== null,
    Object.keys(face.probabilities),
    Object.keys(face.smoothed ?? {}),
  ]);
  return JSON.stringify([model, frame, time_s, width, height, each]);
}

function apart(a: Probabilities, b: Probabilities): number {
  return Math.max(0, ...Object.keys(a).map((k) => Math.abs((a[k] as number) - (b[k] as number))));
}

/** By how much the most probable label leads. */
function leadOf(face: FaceRow): number {
  const [first = 0, second = 0] = Object.values(face.smoothed ?? face.probabilities).sort(
    (a, b) => b - a,
  );
  return first - second;
}
