/**
 * The four graphs of MTCNN; what goes in and out is in docs/decisions/0003-detectors.md. The port
 * of `mien.runtime.detectors.networks`.
 */

import type { Size } from "./cascade";
import { floatsOf, type Graph, type Picture, pictureOf, pictureTensor, type Tensor } from "./graph";

export const DETECTOR_GRAPHS = ["resize", "pnet", "rnet", "onet"] as const;
export type DetectorGraphs = Readonly<Record<(typeof DETECTOR_GRAPHS)[number], Graph>>;

/** P-Net's answer for one level of the pyramid. */
export interface Maps {
  /** The picture it looked at. */
  readonly level: Picture;
  readonly rows: number;
  readonly columns: number;
  /** rows x columns: of a face in each 12-pixel window, stride 2. */
  readonly probability: Float32Array;
  /** rows x columns x 4: box corrections in windows. */
  readonly offsets: Float32Array;
}

/** What R-Net and O-Net say of N squares. */
export interface Opinion {
  readonly scores: Float32Array;
  /** 4 N: in widths and heights of the boxes. */
  readonly offsets: Float32Array;
  /** 10 N: points as fractions of the boxes; empty from R-Net. */
  readonly points: Float32Array;
}

export class Networks {
  readonly #graphs: DetectorGraphs;

  constructor(graphs: DetectorGraphs) {
    this.#graphs = graphs;
  }

  /** `image` at `size`, with `border` rows and columns of its edge on each side. */
  async resize(image: Picture, size: Size, border: Size = [0, 0]): Promise<Picture> {
    const feeds = { image: pictureTensor(image), size: pair(size), border: pair(border) };
    return pictureOf((await this.#graphs.resize.run(feeds, ["level"])).level);
  }

  /** P-Net on `image` resampled to `size`, which is 12 x 12 or more. */
  async propose(image: Picture, size: Size): Promise<Maps> {
    const feeds = { image: pictureTensor(image), size: pair(size) };
    const answer = await this.#graphs.pnet.run(feeds, ["level", "probability", "offsets"]);
    const [rows, columns] = answer.probability?.dims ?? [];
    return {
      level: pictureOf(answer.level),
      rows: rows ?? 0,
      columns: columns ?? 0,
      probability: floatsOf(answer.probability),
      offsets: floatsOf(answer.offsets),
    };
  }

  /** R-Net on squares of `image`. */
  async refine(image: Picture, boxes: Float32Array): Promise<Opinion> {
    const answer = await this.#graphs.rnet.run(squares(image, boxes), ["probability", "offsets"]);
    return {
      scores: floatsOf(answer.probability),
      offsets: floatsOf(answer.offsets),
      points: new Float32Array(0),
    };
  }

  /** O-Net on squares of `image`. */
  async confirm(image: Picture, boxes: Float32Array): Promise<Opinion> {
    const outputs = ["probability", "offsets", "landmarks"];
    const answer = await this.#graphs.onet.run(squares(image, boxes), outputs);
    return {
      scores: floatsOf(answer.probability),
      offsets: floatsOf(answer.offsets),
      points: floatsOf(answer.landmarks),
    };
  }
}

function squares(image: Picture, boxes: Float32Array): Record<string, Tensor> {
  return { image: pictureTensor(image), boxes: { data: boxes, dims: [boxes.length / 4, 4] } };
}

function pair([height, width]: Size): Tensor {
  return { data: BigInt64Array.of(BigInt(height), BigInt(width)), dims: [2] };
}
