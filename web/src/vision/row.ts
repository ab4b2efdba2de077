/** The row format `mien.row/1` of one frame, as the server and the command line write it. */

export type Probabilities = Readonly<Record<string, number>>;

export interface FaceRow {
  /** x1 y1 x2 y2 in pixels of the frame. */
  readonly box: readonly [number, number, number, number];
  /** How sure the detector is, 0 to 1. */
  readonly score: number;
  /** Five points in pixels, or null. */
  readonly landmarks: ReadonlyArray<readonly [number, number]> | null;
  readonly track: number | null;
  /** False between two detections, where the track carries the face. */
  readonly detected: boolean;
  readonly probabilities: Probabilities;
  readonly smoothed: Probabilities | null;
  readonly label: string;
  readonly uncertain: boolean;
}

export interface FrameRow {
  readonly schema: "mien.row/1";
  readonly model: string;
  readonly source: string;
  readonly frame: number;
  readonly time_s: number | null;
  readonly width: number;
  readonly height: number;
  readonly faces: readonly FaceRow[];
}

export interface ErrorRow {
  readonly schema: "mien.row/1";
  readonly source: string;
  readonly error: { readonly type: string; readonly message: string };
}

export type Row = FrameRow | ErrorRow;
