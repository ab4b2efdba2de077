/** Faces of a picture to calibrated probabilities: the port of `mien.runtime.recognizer`. */

import { type Affine, CROP, faceAffines, pixelsPerCropPixel, type Template } from "./alignment";
import type { Faces } from "./faces";
import { floatsOf, type Graph, type Picture, pictureOf, pictureTensor, type Tensor } from "./graph";
import { type Canvas, cut, pack, type Region, windowOf } from "./packing";
import { type Scores, scoresOf } from "./scores";

/** Picture pixels per crop pixel above which a region is halved first. */
const LARGEST_STEP = 5;

/** Faces per call of the graph. */
const BATCH = 64;

/** What the arithmetic must know of a model; all of it comes from the card. */
export interface ModelFacts {
  readonly name: string;
  readonly labels: readonly string[];
  readonly temperature: number;
  readonly threshold: number;
  readonly boxScale: number;
  readonly template: Template;
  /** Side of the central part of the crop that the network sees. */
  readonly inputSize: number;
  /** Whether the graph has the output `activation`. */
  readonly hasActivation: boolean;
}

/** Where the model looked in one face. */
export interface HeatMap {
  readonly width: number;
  readonly height: number;
  /** `width * height` values from 0 to 1, row by row, of the crop around the face. */
  readonly values: Float32Array;
  /** Crop coordinates (-1 to 1) to pixels of the frame: a b c d e f, x = a u + b v + c. */
  readonly affine: readonly [number, number, number, number, number, number];
}

export interface Recognized {
  readonly scores: Scores;
  /** Where the model looked for the label `label` of the face `row`; null without such an output. */
  heat(row: number, label: number): HeatMap | null;
}

export class Recognizer {
  readonly facts: ModelFacts;
  readonly #model: Graph;
  readonly #halve: Graph;

  constructor(facts: ModelFacts, model: Graph, halve: Graph) {
    this.facts = facts;
    this.#model = model;
    this.#halve = halve;
  }

  /**
   * Read given faces of one picture.
   *
   * @param heat Whether heat maps are wanted.
   */
  async faces(image: Picture, faces: Faces, heat: boolean): Promise<Recognized> {
    const { labels, temperature, threshold, boxScale, template } = this.facts;
    const affines = faceAffines(faces, boxScale, template);
    const k = labels.length;
    const logits = new Float32Array(affines.length * k);
    const maps: FaceMaps[] = [];
    const outputs = heat && this.facts.hasActivation ? ["logits", "activation"] : ["logits"];
    for (let start = 0; start < affines.length; start += BATCH) {
      const regions: Region[] = [];
      for (const affine of affines.slice(start, start + BATCH)) {
        regions.push(await this.#region(image, affine));
      }
      for (const canvas of pack(regions)) {
        const answer = await this.#model.run(feedsOf(canvas), outputs);
        const part = floatsOf(answer.logits);
        canvas.regions.forEach((region, at) => {
          logits.set(part.subarray(at * k, (at + 1) * k), (start + region) * k);
          if (answer.activation) maps[start + region] = mapsAt(answer.activation, at);
        });
      }
    }
    const seen = Math.min(this.facts.inputSize, CROP) / CROP;
    return {
      scores: scoresOf(logits, labels, temperature, threshold),
      heat: (row, label) => {
        const of = maps[row];
        return of ? heatMap(of, label, seenPart(affines[row] as Affine, seen)) : null;
      },
    };
  }

  /** Cut one face out, halving the picture around it as often as its size asks for. */
  async #region(image: Picture, affine: Affine): Promise<Region> {
    let region: Region = { pixels: image, affine };
    while (pixelsPerCropPixel(region.affine) > LARGEST_STEP) {
      const { pixels, affine: moved } = windowOf(region.pixels, region.affine);
      const answer = await this.#halve.run({ image: pictureTensor(pixels) }, ["half"]);
      const [a, b, c, d, e, f] = moved.map((value) => value / 2) as unknown as Affine;
      // Pixel centres: 2 x + 0.5 of the picture is x of the half.
      region = { pixels: pictureOf(answer.half), affine: [a, b, c - 0.25, d, e, f - 0.25] };
    }
    return cut(region.pixels, region.affine);
  }
}

/** Class activation maps of one face, all labels. */
interface FaceMaps {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

function feedsOf(canvas: Canvas): Record<string, Tensor> {
  const { image, affines } = canvas;
  return {
    image: pictureTensor(image),
    affine: { data: affines, dims: [affines.length / 6, 2, 3] },
  };
}

function mapsAt(activation: Tensor, at: number): FaceMaps {
  const [, k = 0, height = 0, width = 0] = activation.dims;
  const size = k * height * width;
  return { width, height, values: floatsOf(activation).slice(at * size, (at + 1) * size) };
}

/**
 * The affine of the central `part` of the crop, and from pixel centres at integers to the
 * coordinates of boxes, where the first pixel covers 0 to 1.
 */
function seenPart([a, b, c, d, e, f]: Affine, part: number): Affine {
  return [a * part, b * part, c + 0.5, d * part, e * part, f + 0.5];
}

/** What speaks for a label, relative to its strongest cell; what speaks against it is 0. */
function heatMap({ width, height, values }: FaceMaps, label: number, affine: Affine): HeatMap {
  const cells = width * height;
  const map = values.slice(label * cells, (label + 1) * cells);
  const most = map.reduce((a, b) => Math.max(a, b), 0);
  return { width, height, values: map.map((x) => (most > 0 ? Math.max(x, 0) / most : 0)), affine };
}
