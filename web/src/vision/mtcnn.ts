/**
 * The detector: three small networks in a cascade, with a second look at pictures in which the
 * first finds nothing. The port of `mien.runtime.detectors.mtcnn`.
 */

import { area, clipped, iou, nms, squared } from "./boxes";
import type { Candidates, Found, Size } from "./cascade";
import * as cascade from "./cascade";
import { joined, roundHalfEven, rowsWhere, taken } from "./columns";
import { type Faces, facesOf, noFaces } from "./faces";
import type { Picture } from "./graph";
import { type DetectorGraphs, Networks, type Opinion } from "./networks";
import { LARGEST_BLOCK, thinned } from "./thinning";

const { fround } = Math;

/** Smallest face in pixels of the picture that is searched: the side that R-Net looks at. */
const FINEST = 24;

/** Long side of the second look, border included, and the border's share of each side. */
const SECOND_LOOK = 320;
const BORDER = 0.25;

/** Smallest face of the second look in pixels, and its least share of a picture's short side. */
const SECOND_MIN_FACE = 40;
const TIGHT = 1 / 3;

export interface DetectorOptions {
  /** Smallest side of a face, about, in pixels of the picture that is given. */
  readonly minFace: number;
  /** Score from which a find counts. */
  readonly threshold: number;
  /** Most faces of one picture; the best are kept. */
  readonly maxFaces: number;
  /** Larger pictures are searched at this many pixels along the long side. */
  readonly longSide: number;
}

export const DETECTION: DetectorOptions = {
  minFace: 40,
  threshold: 0.9,
  maxFaces: 64,
  longSide: 1280,
};

export interface Detector {
  /** Faces of a picture, best score first, boxes inside the picture. */
  detect(image: Picture): Promise<Faces>;
}

/** What one search through a picture asks for. */
interface Look {
  readonly minFace: number;
  /** Least probability after P-Net and after R-Net. */
  readonly propose: number;
  readonly refine: number;
}

type Network = (image: Picture, boxes: Float32Array) => Promise<Opinion>;

export class Mtcnn implements Detector {
  readonly #networks: Networks;
  readonly #options: DetectorOptions;

  constructor(graphs: DetectorGraphs, options: DetectorOptions = DETECTION) {
    this.#networks = new Networks(graphs);
    this.#options = options;
  }

  async detect(image: Picture): Promise<Faces> {
    const { width, height } = image;
    const factor = Math.min(1, this.#options.longSide / Math.max(width, height, 1));
    const size = scaled([height, width], factor);
    if (Math.min(...size) < 1) return noFaces();
    const block = Math.min(Math.floor(1 / factor), LARGEST_BLOCK, height, width);
    const covered = [height, width].map((side) => Math.floor(side / block) * block) as [
      number,
      number,
    ];
    const searched = factor < 1 ? await this.#networks.resize(thinned(image, block), size) : image;
    let found = await this.#firstLook(searched, factor);
    if (found.scores.length === 0) found = await this.#secondLook(searched, factor);
    const stretch = [fround(covered[1] / size[1]), fround(covered[0] / size[0])] as const;
    const boxes = clipped(stretched(found.boxes, stretch), width, height);
    const areas = area(boxes);
    const real = rowsWhere(areas.length, (row) => (areas[row] as number) > 0);
    const kept = cascade.foundAt(
      { boxes, scores: found.scores, landmarks: stretched(found.landmarks, stretch) },
      real.slice(0, this.#options.maxFaces),
    );
    return facesOf(kept);
  }

  /** The whole picture; the networks shrink boxes, so what became too small is left out. */
  async #firstLook(image: Picture, factor: number): Promise<Found> {
    const least = this.#options.minFace * factor;
    const look: Look = { minFace: Math.max(least, FINEST), propose: 0.6, refine: 0.7 };
    return cascade.wide(await this.#search(image, look), least);
  }

  /**
   * Tight crops get room around them, small pictures are enlarged. Where the picture is enlarged,
   * `minFace` counts enlarged pixels; elsewhere only a face that fills a good part of the picture
   * is looked for, the first look saw the others.
   */
  async #secondLook(image: Picture, factor: number): Promise<Found> {
    const size: Size = [image.height, image.width];
    const zoom = SECOND_LOOK / (1 + 2 * BORDER) / Math.max(...size);
    const inner = scaled(size, zoom);
    if (Math.min(...inner) < 1) return cascade.NOTHING_FOUND;
    const border = scaled(inner, BORDER);
    const canvas = await this.#networks.resize(image, inner, border);
    const least = zoom < 1 ? Math.min(...inner) * TIGHT : 0;
    const minFace = Math.max(
      this.#options.minFace * factor * Math.min(zoom, 1),
      least,
      SECOND_MIN_FACE,
    );
    const found = await this.#search(canvas, { minFace, propose: 0.4, refine: 0.5 });
    const inset = [-border[1], -border[0]] as const;
    const stretch = [fround(size[1] / inner[1]), fround(size[0] / inner[0])] as const;
    return {
      boxes: stretched(shifted(found.boxes, inset), stretch),
      scores: found.scores,
      landmarks: stretched(shifted(found.landmarks, inset), stretch),
    };
  }

  /** The whole cascade on one picture. */
  async #search(image: Picture, look: Look): Promise<Found> {
    const { levels, candidates } = await this.#proposed(image, look);
    const kept = nms(candidates.boxes, candidates.scores, cascade.ACROSS_LEVELS);
    const boxes = corrected(candidates, kept.slice(0, this.#most(cascade.PER_PICTURE)));
    if (boxes.length === 0) return cascade.NOTHING_FOUND;
    const refine: Network = (level, squares) => this.#networks.refine(level, squares);
    const { scores, offsets } = await sampled(refine, cascade.REFINE_SIDE, levels, boxes);
    const sure = cascade.candidatesAt(
      { boxes, scores, offsets },
      cascade.rowsAbove(scores, look.refine),
    );
    const refined = nms(sure.boxes, sure.scores, cascade.REFINED);
    return this.#confirmed(levels, corrected(sure, refined), taken(sure.scores, refined, 1));
  }

  /** P-Net's pyramid, the picture itself first, and what P-Net proposes in it. */
  async #proposed(
    image: Picture,
    look: Look,
  ): Promise<{ levels: Picture[]; candidates: Candidates }> {
    const levels = [image];
    const parts: Candidates[] = [];
    for (const size of cascade.pyramid([image.height, image.width], look.minFace)) {
      const maps = await this.#networks.propose(levels.at(-1) as Picture, size);
      levels.push(maps.level);
      const scale = [fround(size[1] / image.width), fround(size[0] / image.height)] as const;
      const { probability, offsets, columns } = maps;
      parts.push(cascade.proposals(probability, offsets, columns, scale, look.propose));
    }
    return { levels, candidates: cascade.allCandidates(parts) };
  }

  /**
   * O-Net on the best box of each place, then on the others where it saw no face: the same faces
   * as from all boxes at once, for a fifth of the work.
   */
  async #confirmed(levels: Picture[], boxes: Float32Array, scores: Float32Array): Promise<Found> {
    const best = nms(boxes, scores, cascade.APART);
    const found = await this.#facesIn(levels, taken(boxes, best, 4));
    const others = rowsWhere(scores.length, (row) => !best.includes(row));
    const free = apartFrom(taken(boxes, others, 4), found.boxes);
    const both = cascade.bothFound(found, await this.#facesIn(levels, free));
    return this.#agreed(levels, cascade.distinct(both));
  }

  /**
   * What O-Net still calls a face from closer up; chance patterns seldom look like one twice.
   * Scores and landmarks are the means of both opinions.
   */
  async #agreed(levels: Picture[], found: Found): Promise<Found> {
    if (found.scores.length === 0) return found;
    const boxes = cascade.closer(found.boxes);
    const again = await sampled(this.#confirm, cascade.CONFIRM_SIDE, levels, boxes);
    const points = cascade.landmarksIn(boxes, again.points);
    const agreed = {
      boxes: found.boxes,
      scores: means(found.scores, again.scores),
      landmarks: means(found.landmarks, points),
    };
    return cascade.distinct(cascade.above(agreed, this.#options.threshold));
  }

  /** What O-Net may call a face, each box moved as it asks. */
  async #facesIn(levels: Picture[], candidates: Float32Array): Promise<Found> {
    const boxes = candidates.subarray(0, 4 * this.#most(cascade.PER_CONFIRMATION));
    if (boxes.length === 0) return cascade.NOTHING_FOUND;
    const opinion = await sampled(this.#confirm, cascade.CONFIRM_SIDE, levels, boxes);
    const found = {
      boxes: cascade.moved(boxes, opinion.offsets),
      scores: opinion.scores,
      landmarks: cascade.landmarksIn(boxes, opinion.points),
    };
    return cascade.above(found, Math.min(cascade.PLAUSIBLE, this.#options.threshold));
  }

  readonly #confirm: Network = (level, squares) => this.#networks.confirm(level, squares);

  #most(limit: number): number {
    return Math.max(limit, 2 * this.#options.maxFaces);
  }
}

/** The `kept` boxes as squares, moved as their network asked. */
function corrected(candidates: Candidates, kept: readonly number[]): Float32Array {
  const { boxes, offsets } = cascade.candidatesAt(candidates, kept);
  return squared(cascade.moved(boxes, offsets));
}

/** Run `network` on each box in the level of the pyramid that suits its size. */
async function sampled(
  network: Network,
  side: number,
  levels: readonly Picture[],
  boxes: Float32Array,
): Promise<Opinion> {
  const { width, height } = levels[0] as Picture;
  const scales = levels.map(
    (level) => [fround(level.width / width), fround(level.height / height)] as const,
  );
  const across = scales.map(([x]) => x);
  const source = cascade.sources(boxes, across, side);
  const order: number[] = [];
  const answers: Opinion[] = [];
  for (const level of new Set(source.toSorted((a, b) => a - b))) {
    const rows = rowsWhere(source.length, (row) => source[row] === level);
    const [x, y] = scales[level] as readonly [number, number];
    const squares = stretched(taken(boxes, rows, 4), [x, y]);
    answers.push(await network(levels[level] as Picture, squares));
    order.push(...rows);
  }
  const back = new Array<number>(order.length);
  order.forEach((row, at) => {
    back[row] = at;
  });
  const column = (name: keyof Opinion, wide: number) => {
    const all = joined(answers.map((answer) => answer[name]));
    return all.length ? taken(all, back, wide) : all;
  };
  return {
    scores: column("scores", 1),
    offsets: column("offsets", 4),
    points: column("points", 10),
  };
}

/** Those of `boxes` that overlap none of `found` by `APART` or more. */
function apartFrom(boxes: Float32Array, found: Float32Array): Float32Array {
  const overlaps = iou(boxes, found);
  const columns = found.length / 4;
  const rows = rowsWhere(boxes.length / 4, (row) =>
    overlaps.subarray(row * columns, (row + 1) * columns).every((x) => x < fround(cascade.APART)),
  );
  return taken(boxes, rows, 4);
}

/** Numbers that go x y x y ... times a factor for each. */
function stretched(values: Float32Array, [x, y]: readonly [number, number]): Float32Array {
  return values.map((value, at) => value * (at % 2 ? y : x));
}

/** Numbers that go x y x y ... plus a step for each. */
function shifted(values: Float32Array, [x, y]: readonly [number, number]): Float32Array {
  return values.map((value, at) => value + (at % 2 ? y : x));
}

function means(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, at) => fround(value + (b[at] as number)) / 2);
}

function scaled([height, width]: Size, factor: number): Size {
  return [roundHalfEven(height * factor), roundHalfEven(width * factor)];
}
