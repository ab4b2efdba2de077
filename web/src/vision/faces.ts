/**
 * What a detector found in one picture, as a struct of arrays. Coordinates are continuous: the
 * picture spans [0, width] x [0, height] and pixel i covers i to i + 1. The port of
 * `mien.core.faces`.
 */

import { taken } from "./columns";
import { InputError } from "./errors";

/** N faces; landmarks are both eyes, nose, both mouth corners, left and right as seen. */
export interface Faces {
  /** 4 N: x1 y1 x2 y2 in pixels. */
  readonly boxes: Float32Array;
  /** N: confidence of the detector, 0 to 1. */
  readonly scores: Float32Array;
  /** 10 N: five times x y, NaN where there is none. */
  readonly landmarks: Float32Array;
  /** N: number of the track, -1 = none. */
  readonly tracks: Int32Array;
  /** N: false = carried by the tracker. */
  readonly detected: readonly boolean[];
}

type Given = Pick<Faces, "boxes" | "scores"> & Partial<Faces>;

/**
 * Faces with the columns that were left out filled in: no landmarks, no tracks, all detected.
 *
 * @throws InputError If a column has another length or an impossible value.
 */
export function facesOf(given: Given): Faces {
  const n = given.scores.length;
  const faces: Faces = {
    boxes: given.boxes,
    scores: given.scores,
    landmarks: given.landmarks ?? new Float32Array(10 * n).fill(Number.NaN),
    tracks: given.tracks ?? new Int32Array(n).fill(-1),
    detected: given.detected ?? new Array<boolean>(n).fill(true),
  };
  const widths = { boxes: 4, landmarks: 10, tracks: 1, detected: 1 } as const;
  for (const [name, width] of Object.entries(widths)) {
    const length = faces[name as keyof typeof widths].length;
    if (length !== n * width) {
      throw new InputError(`faces.${name} must have ${n * width} values, got ${length}`);
    }
  }
  const upright = (edge: number, at: number) =>
    Number.isFinite(edge) && (at % 4 < 2 || edge >= (faces.boxes[at - 2] as number));
  if (!faces.boxes.every(upright)) {
    throw new InputError("faces.boxes must be finite x1 y1 x2 y2 with x2 >= x1 and y2 >= y1");
  }
  if (!faces.scores.every((score) => score >= 0 && score <= 1)) {
    throw new InputError("faces.scores must lie in [0, 1]");
  }
  if (faces.landmarks.some((value) => Math.abs(value) === Number.POSITIVE_INFINITY)) {
    throw new InputError("faces.landmarks must be finite, or NaN where there is none");
  }
  return faces;
}

/** No face. */
export function noFaces(): Faces {
  return facesOf({ boxes: new Float32Array(0), scores: new Float32Array(0) });
}

/** The given rows, all columns together. */
export function facesAt(faces: Faces, rows: readonly number[]): Faces {
  return {
    boxes: taken(faces.boxes, rows, 4),
    scores: taken(faces.scores, rows, 1),
    landmarks: taken(faces.landmarks, rows, 10),
    tracks: Int32Array.from(rows, (row) => faces.tracks[row] as number),
    detected: rows.map((row) => faces.detected[row] as boolean),
  };
}

/** Whether all five points of a face are known. */
export function hasLandmarks(faces: Faces, row: number): boolean {
  return faces.landmarks.subarray(10 * row, 10 * row + 10).every(Number.isFinite);
}
