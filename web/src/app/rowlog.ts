/**
 * The rows of a session in typed arrays: bounded, and cheap enough for hours.
 *
 * A face takes `FIXED + 2 K` numbers. When either capacity is reached, every second kept frame is
 * forgotten and only every `stride`-th new one is kept, so that the whole session stays covered
 * evenly. `stride` and `seen` let the page say so.
 */

import type { FaceRow, FrameRow, Probabilities } from "../vision/row";

export const MAX_FRAMES = 65_536;
export const MAX_FACES = 65_536;

const FRAME = 6; // frame, time, width, height, first face, faces
const FIXED = 20; // box 4, score, landmarks 10, track, detected, label, uncertain, has smoothed
const CHUNK = 1_024; // records that are allocated together

export interface Bounds {
  readonly frames: number;
  readonly faces: number;
}

/** Records of one width, in chunks that are made when they are needed. */
class Records {
  readonly #chunks: Float64Array[] = [];
  readonly #width: number;

  constructor(width: number) {
    this.#width = width;
  }

  at(index: number): Float64Array {
    const chunk = Math.floor(index / CHUNK);
    while (this.#chunks.length <= chunk) {
      this.#chunks.push(new Float64Array(CHUNK * this.#width));
    }
    const start = (index % CHUNK) * this.#width;
    return (this.#chunks[chunk] as Float64Array).subarray(start, start + this.#width);
  }
}

export class RowLog {
  readonly source: string;
  readonly labels: readonly string[];
  readonly #bounds: Bounds;
  readonly #frames = new Records(FRAME);
  readonly #faces: Records;
  #model = "";
  #count = 0;
  #faceCount = 0;
  #seen = 0;
  #stride = 1;

  constructor(
    source: string,
    labels: readonly string[],
    bounds: Bounds = { frames: MAX_FRAMES, faces: MAX_FACES },
  ) {
    if (bounds.frames < 2 || bounds.faces < 2) {
      throw new RangeError(`expected room for 2 frames and faces, got ${JSON.stringify(bounds)}`);
    }
    this.source = source;
    this.labels = labels;
    this.#bounds = bounds;
    this.#faces = new Records(FIXED + 2 * labels.length);
  }

  /** Frames that were given. */
  get seen(): number {
    return this.#seen;
  }

  /** Frames that are kept. */
  get length(): number {
    return this.#count;
  }

  /** One frame in this many is kept; 1 = all. */
  get stride(): number {
    return this.#stride;
  }

  add(row: FrameRow): void {
    const index = this.#seen;
    this.#seen += 1;
    this.#model = row.model;
    // A crowd in one frame may need more than one halving.
    while (index % this.#stride === 0 && !this.#fits(row.faces.length)) {
      this.#thin();
    }
    if (index % this.#stride !== 0) {
      return;
    }
    const record = this.#frames.at(this.#count);
    record.set([row.frame, row.time_s ?? Number.NaN, row.width, row.height]);
    record[4] = this.#faceCount;
    record[5] = row.faces.length;
    for (const face of row.faces) {
      this.#write(this.#faces.at(this.#faceCount), face);
      this.#faceCount += 1;
    }
    this.#count += 1;
  }

  /** The kept rows in order, made anew one by one. */
  *rows(): Generator<FrameRow> {
    for (let i = 0; i < this.#count; i += 1) {
      const record = this.#frames.at(i);
      const first = record[4] as number;
      const faces: FaceRow[] = [];
      for (let j = 0; j < (record[5] as number); j += 1) {
        faces.push(this.#read(this.#faces.at(first + j)));
      }
      const time = record[1] as number;
      yield {
        schema: "mien.row/1",
        model: this.#model,
        source: this.source,
        frame: record[0] as number,
        time_s: Number.isNaN(time) ? null : time,
        width: record[2] as number,
        height: record[3] as number,
        faces,
      };
    }
  }

  #fits(faces: number): boolean {
    const alone = this.#count === 0; // one frame is kept, however many faces it has
    return (
      alone || (this.#count < this.#bounds.frames && this.#faceCount + faces <= this.#bounds.faces)
    );
  }

  #thin(): void {
    let kept = 0;
    let keptFaces = 0;
    for (let i = 0; i < this.#count; i += 2) {
      const record = this.#frames.at(i);
      const first = record[4] as number;
      const faces = record[5] as number;
      for (let j = 0; j < faces; j += 1) {
        this.#faces.at(keptFaces + j).set(this.#faces.at(first + j));
      }
      this.#frames.at(kept).set(record);
      this.#frames.at(kept)[4] = keptFaces;
      keptFaces += faces;
      kept += 1;
    }
    this.#count = kept;
    this.#faceCount = keptFaces;
    this.#stride *= 2;
  }

  #write(record: Float64Array, face: FaceRow): void {
    record.set(face.box, 0);
    record[4] = face.score;
    for (let i = 0; i < 5; i += 1) {
      record[5 + 2 * i] = face.landmarks?.[i]?.[0] ?? Number.NaN;
      record[6 + 2 * i] = face.landmarks?.[i]?.[1] ?? Number.NaN;
    }
    record[15] = face.track ?? -1;
    record[16] = face.detected ? 1 : 0;
    record[17] = this.labels.indexOf(face.label);
    record[18] = face.uncertain ? 1 : 0;
    record[19] = face.smoothed === null ? 0 : 1;
    for (const [k, label] of this.labels.entries()) {
      record[FIXED + k] = face.probabilities[label] ?? Number.NaN;
      record[FIXED + this.labels.length + k] = face.smoothed?.[label] ?? Number.NaN;
    }
  }

  #read(record: Float64Array): FaceRow {
    const at = (index: number): number => record[index] as number;
    const points = [5, 7, 9, 11, 13].map((i): [number, number] => [at(i), at(i + 1)]);
    return {
      box: [at(0), at(1), at(2), at(3)],
      score: at(4),
      landmarks: Number.isNaN(at(5)) ? null : points,
      track: at(15) < 0 ? null : at(15),
      detected: at(16) === 1,
      probabilities: this.#table(record, FIXED),
      smoothed: at(19) === 1 ? this.#table(record, FIXED + this.labels.length) : null,
      label: this.labels[at(17)] ?? "",
      uncertain: at(18) === 1,
    };
  }

  #table(record: Float64Array, start: number): Probabilities {
    return Object.fromEntries(
      this.labels.map((label, k): [string, number] => [label, record[start + k] as number]),
    );
  }
}
