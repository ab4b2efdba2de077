/**
 * Which face of this frame is which face of the frames before: the port of `mien.core.tracking`.
 * Every track predicts where its face is by constant velocity; predictions and detections are
 * paired at the least total cost. Between detections the tracks carry boxes and landmarks.
 */

import { assign, type Pair } from "./assignment";
import { boxAt, iou } from "./boxes";
import { InputError } from "./errors";
import { type Faces, facesOf, noFaces } from "./faces";

/** Cost up to which pairs are made first, so that a far face never takes a near one's place. */
const NEAR = 0.8;

export interface TrackerOptions {
  /** Seconds without a detection after which a track ends. */
  readonly patienceS: number;
  /** The same for a track that was detected only once. */
  readonly firstPatienceS: number;
  /** Largest distance between prediction and detection, in mean sides of the two. */
  readonly reach: number;
  /** Largest ratio of their sides, above 1. */
  readonly growth: number;
  /** Time constant of the estimated velocity, and how long a prediction runs on. */
  readonly velocityS: number;
}

export const TRACKING: TrackerOptions = {
  patienceS: 1.5,
  firstPatienceS: 0.5,
  reach: 1,
  growth: 2,
  velocityS: 0.25,
};

type Box = readonly [number, number, number, number];
type Point = readonly [number, number];

/** One face, where it was seen last and how it moved then. */
interface Track {
  readonly number: number;
  box: Box;
  landmarks: Float32Array;
  score: number;
  seenS: number;
  velocity: Point;
  /** Seconds over which the velocity was measured. */
  movedS: number;
  sightings: number;
  /** Whether the last detection found it. */
  present: boolean;
}

/** Numbers the faces of one source, frame by frame. */
export class Tracker {
  readonly #options: TrackerOptions;
  #tracks: Track[] = [];
  #next = 0;
  #timeS = Number.NEGATIVE_INFINITY;

  /** @throws InputError If an option is not positive and finite, or `growth` is not above 1. */
  constructor(options: TrackerOptions = TRACKING) {
    for (const [name, value] of Object.entries(options)) {
      if (!(value > 0 && value < Number.POSITIVE_INFINITY)) {
        throw new InputError(`${name} must be above 0 and finite, got ${value}`);
      }
    }
    if (options.growth <= 1) throw new InputError(`growth must be above 1, got ${options.growth}`);
    this.#options = options;
  }

  /** Numbers of the tracks that have not ended, waiting ones included. */
  get alive(): number[] {
    return this.#tracks.map((track) => track.number);
  }

  /**
   * Number detected faces; they keep their order.
   *
   * @param timeS Time of the frame, not before the last one.
   * @throws InputError If time goes back or is not finite.
   */
  update(faces: Faces, timeS: number): Faces {
    this.#advance(timeS);
    const numbers = new Int32Array(faces.scores.length).fill(-1);
    for (const track of this.#tracks) track.present = false;
    for (const [at, row] of paired(this.#costs(faces, timeS))) {
      const track = this.#tracks[at] as Track;
      see(track, faces, row, timeS, this.#options);
      numbers[row] = track.number;
    }
    const fresh = Array.from(numbers.keys()).filter((row) => numbers[row] === -1);
    for (const row of fresh.sort((a, b) => fromLeft(faces, a, b))) {
      this.#tracks.push({
        number: this.#next,
        box: boxAt(faces.boxes, row),
        landmarks: faces.landmarks.slice(10 * row, 10 * row + 10),
        score: faces.scores[row] as number,
        seenS: timeS,
        velocity: [0, 0],
        movedS: 0,
        sightings: 1,
        present: true,
      });
      numbers[row] = this.#next++;
    }
    this.#end();
    return { ...faces, tracks: numbers };
  }

  /**
   * Where the faces of the last detection are now, without looking; a face whose centre has left
   * the frame is left out.
   *
   * @returns Faces that are not `detected`, by rising track number.
   * @throws InputError If time goes back or is not finite.
   */
  carry(timeS: number, width: number, height: number): Faces {
    this.#advance(timeS);
    const boxes: number[] = [];
    const landmarks: number[] = [];
    const kept: Track[] = [];
    for (const track of this.#tracks.filter((t) => t.present).sort((a, b) => a.number - b.number)) {
      const shift = shiftOf(track, timeS, this.#options);
      const box = moved(track.box, shift);
      const [x, y] = centreOf(box);
      if (!(x >= 0 && x <= width && y >= 0 && y <= height)) continue;
      boxes.push(...box);
      track.landmarks.forEach((value, at) => {
        landmarks.push(value + (shift[at % 2] as number));
      });
      kept.push(track);
    }
    if (kept.length === 0) return noFaces();
    return facesOf({
      boxes: Float32Array.from(boxes),
      scores: Float32Array.from(kept, (track) => track.score),
      landmarks: Float32Array.from(landmarks),
      tracks: Int32Array.from(kept, (track) => track.number),
      detected: kept.map(() => false),
    });
  }

  #advance(timeS: number): void {
    if (!Number.isFinite(timeS) || timeS < this.#timeS) {
      throw new InputError(
        `frames must come in order of time, got ${timeS} s after ${this.#timeS} s; ` +
          "begin a new tracker for a new source",
      );
    }
    this.#timeS = timeS;
    this.#end();
  }

  /** End the tracks that have waited long enough. */
  #end(): void {
    const { firstPatienceS, patienceS } = this.#options;
    const patience = (track: Track): number => (track.sightings === 1 ? firstPatienceS : patienceS);
    // What the last detection found has not been missed yet, however slow the source is.
    this.#tracks = this.#tracks.filter(
      (track) => track.present || this.#timeS - track.seenS <= patience(track),
    );
  }

  /** Tracks x faces: distance in mean sides, less for overlap; infinite if too far. */
  #costs(faces: Faces, timeS: number): number[][] {
    const where = this.#tracks.map((track) =>
      moved(track.box, shiftOf(track, timeS, this.#options)),
    );
    const overlaps = iou(Float32Array.from(where.flat()), faces.boxes);
    const columns = Array.from(faces.scores.keys());
    return where.map((box, at) =>
      columns.map((row) => {
        const found = boxAt(faces.boxes, row);
        const [x, y] = centreOf(box);
        const [u, v] = centreOf(found);
        const side = sideOf(box);
        const other = sideOf(found);
        const distance = Math.hypot(x - u, y - v) / ((side + other) / 2);
        const growth = Math.max(side, other) / Math.min(side, other);
        if (!(distance <= this.#options.reach && growth <= this.#options.growth)) {
          return Number.POSITIVE_INFINITY;
        }
        const overlap = overlaps[at * columns.length + row] as number;
        return distance + Math.log(growth) + 1 - overlap;
      }),
    );
  }
}

/** How far the face has come since it was seen: the velocity, fading. */
function shiftOf(track: Track, timeS: number, options: TrackerOptions): Point {
  const tau = 2 * options.velocityS;
  const lasting = tau * -Math.expm1(-(timeS - track.seenS) / tau);
  return [track.velocity[0] * lasting, track.velocity[1] * lasting];
}

function see(
  track: Track,
  faces: Faces,
  row: number,
  timeS: number,
  options: TrackerOptions,
): void {
  const box = boxAt(faces.boxes, row);
  const elapsed = timeS - track.seenS;
  if (elapsed > 0) {
    const [x, y] = centreOf(box);
    const [u, v] = centreOf(track.box);
    // The first measurements count in full: the mean of all while there are few.
    track.movedS += elapsed;
    const share = Math.max(-Math.expm1(-elapsed / options.velocityS), elapsed / track.movedS);
    const [vx, vy] = track.velocity;
    track.velocity = [vx + share * ((x - u) / elapsed - vx), vy + share * ((y - v) / elapsed - vy)];
  }
  track.box = box;
  track.landmarks = faces.landmarks.slice(10 * row, 10 * row + 10);
  track.score = faces.scores[row] as number;
  track.seenS = timeS;
  track.sightings += 1;
  track.present = true;
}

/** Near pairs first, then the others among what is left. */
function paired(costs: readonly (readonly number[])[]): Pair[] {
  const never = Number.POSITIVE_INFINITY;
  const near = assign(costs.map((row) => row.map((cost) => (cost <= NEAR ? cost : never))));
  const rows = new Set(near.map(([row]) => row));
  const columns = new Set(near.map(([, column]) => column));
  const left = costs.map((row, at) =>
    row.map((cost, column) => (rows.has(at) || columns.has(column) ? never : cost)),
  );
  return [...near, ...assign(left)];
}

/** New numbers go from left to right, so that the order of the detector does not matter. */
function fromLeft(faces: Faces, a: number, b: number): number {
  const one = boxAt(faces.boxes, a);
  const other = boxAt(faces.boxes, b);
  const at = one.findIndex((edge, k) => edge !== other[k]);
  return at < 0 ? 0 : (one[at] as number) - (other[at] as number);
}

function moved([x1, y1, x2, y2]: Box, [x, y]: Point): Box {
  return [x1 + x, y1 + y, x2 + x, y2 + y];
}

function centreOf([x1, y1, x2, y2]: Box): Point {
  return [(x1 + x2) / 2, (y1 + y2) / 2];
}

/** Mean of width and height; a thousandth of a pixel at least, so that ratios exist. */
function sideOf([x1, y1, x2, y2]: Box): number {
  return Math.max((x2 - x1 + (y2 - y1)) / 2, 1e-3);
}
