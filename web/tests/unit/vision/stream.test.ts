import { beforeEach, describe, expect, it } from "vitest";
import { CROP } from "../../../src/vision/alignment";
import { type Faces, facesOf, noFaces } from "../../../src/vision/faces";
import type { Graph, Tensor } from "../../../src/vision/graph";
import { type ModelFacts, Recognizer } from "../../../src/vision/recognizer";
import { Stream, type StreamSettings } from "../../../src/vision/stream";

const FACTS: ModelFacts = {
  name: "made",
  labels: ["happy", "sad"],
  temperature: 1,
  threshold: 0.6,
  boxScale: 1,
  template: [
    [15, 17],
    [32, 17],
    [23.5, 37],
  ],
  inputSize: 44,
  hasActivation: true,
};
const PICTURE = { width: 640, height: 480, data: new Uint8Array(3 * 640 * 480) };
const LIVE: StreamSettings = { every: 3, smoothingS: 0.3, heat: true };

let asked: { outputs: readonly string[]; dims: (readonly number[])[] }[];
let halved: (readonly number[])[];
let looks: number;
let present: Faces;

/** Answers logits (side of the face / 100, 0) and one 2 x 2 map for each label. */
const model: Graph = {
  run: async (feeds, outputs) => {
    const affine = feeds.affine as Tensor;
    asked.push({ outputs, dims: [feeds.image?.dims ?? [], affine.dims] });
    const n = affine.dims[0] as number;
    const logits = Array.from({ length: n }, (_, row) => [Number(affine.data[6 * row]) / 50, 0]);
    const maps = Array.from({ length: n }, () => [-2, 0, 1, 4, 0, 0, 0, -1]);
    return {
      logits: { data: Float32Array.from(logits.flat()), dims: [n, 2] },
      ...(outputs.includes("activation") && {
        activation: { data: Float32Array.from(maps.flat()), dims: [n, 2, 2, 2] },
      }),
    };
  },
};

const halve: Graph = {
  run: async ({ image }) => {
    const [height = 0, width = 0] = image?.dims ?? [];
    halved.push([height, width]);
    const dims = [Math.ceil(height / 2), Math.ceil(width / 2), 3];
    return { half: { data: new Uint8Array(dims.reduce((a, b) => a * b)), dims } };
  },
};

const detector = {
  detect: async () => {
    looks += 1;
    return present;
  },
};

function facesAt(...places: [number, number, number][]): Faces {
  const boxes = places.flatMap(([x, y, side]) => [x, y, x + side, y + side]);
  return facesOf({
    boxes: Float32Array.from(boxes),
    scores: new Float32Array(places.length).fill(0.95),
  });
}

function streamOf(settings: StreamSettings = LIVE): Stream {
  return new Stream(new Recognizer(FACTS, model, halve), detector, settings);
}

beforeEach(() => {
  asked = [];
  halved = [];
  looks = 0;
  present = facesAt([100, 100, 96]);
});

describe("Stream", () => {
  it("detects every third frame, carries between, and reads every one", async () => {
    const stream = streamOf();
    const answers = [];
    for (let at = 0; at < 7; at++) answers.push(await stream.frame(PICTURE, at / 30));
    expect(looks).toBe(3);
    expect(asked).toHaveLength(7);
    expect(answers.map(({ reading }) => reading.faces.detected[0])).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((at) => at % 3 === 0),
    );
    expect(answers.map(({ detectMs }) => detectMs !== null)).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((at) => at % 3 === 0),
    );
    expect(answers.every(({ reading }) => reading.faces.tracks[0] === 0)).toBe(true);
    expect(answers.every(({ reading }) => reading.smoothed !== null)).toBe(true);
  });

  it("smooths nothing with a constant of 0, and nothing in stills", async () => {
    const plain = await streamOf({ ...LIVE, smoothingS: 0 }).frame(PICTURE, 0);
    const still = await streamOf().still(PICTURE);
    expect(plain.reading.smoothed).toBeNull();
    expect(plain.reading.faces.tracks[0]).toBe(0);
    expect(still.reading.smoothed).toBeNull();
    expect(still.reading.faces.tracks[0]).toBe(-1);
  });

  it("does not ask the model where there is no face", async () => {
    present = noFaces();
    const { reading, heat } = await streamOf().frame(PICTURE, 0);
    expect(asked).toEqual([]);
    expect(heat).toEqual([]);
    expect(reading.scores.probabilities).toHaveLength(0);
  });

  it("refuses settings without sense and time that goes back", async () => {
    expect(() => streamOf({ ...LIVE, every: 0 })).toThrow("whole number from 1, got 0");
    expect(() => streamOf({ ...LIVE, every: 1.5 })).toThrow("got 1.5");
    const stream = streamOf();
    await stream.frame(PICTURE, 1);
    await expect(stream.frame(PICTURE, 0.5)).rejects.toThrow("order of time");
  });
});

describe("heat maps", () => {
  it("shows what speaks for the label, over the part that the model sees", async () => {
    const { heat } = await streamOf().frame(PICTURE, 0);
    const [map] = heat;
    expect(map && Array.from(map.values)).toEqual([0, 0, 0.25, 1]);
    const half = (48 * 44) / CROP;
    expect(map?.affine).toEqual([half, 0, 148, 0, half, 148]);
  });

  it("asks for none when none are wanted or the model has none", async () => {
    await streamOf({ ...LIVE, heat: false }).frame(PICTURE, 0);
    const without = new Recognizer({ ...FACTS, hasActivation: false }, model, halve);
    const { heat } = await new Stream(without, detector, LIVE).frame(PICTURE, 0);
    expect(asked.map(({ outputs }) => outputs)).toEqual([["logits"], ["logits"]]);
    expect(heat).toEqual([]);
  });
});

describe("Recognizer", () => {
  it("halves large faces until five pixels make one of the frame", async () => {
    present = facesAt([20, 20, 440]);
    await streamOf().still(PICTURE);
    expect(halved).toEqual([[455, 455]]);
    present = facesAt([20, 20, 96]);
    await streamOf().still(PICTURE);
    expect(halved).toHaveLength(1);
  });

  it("gives every face its own answer, whatever the order on the canvas", async () => {
    present = facesAt([10, 10, 50], [300, 10, 150], [100, 200, 100]);
    const { reading } = await streamOf().still(PICTURE);
    const happy = [0, 1, 2].map((row) => reading.scores.probabilities[2 * row] as number);
    const sides = [50, 150, 100].map((side) => 1 / (1 + Math.exp(-side / 100)));
    happy.forEach((value, row) => {
      expect(value).toBeCloseTo(sides[row] as number, 6);
    });
    expect(asked).toHaveLength(1);
  });
});
