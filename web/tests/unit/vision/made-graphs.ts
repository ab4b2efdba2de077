/** MTCNN's graphs with made-up answers: the same formulas as `MadeNetworks` in tools/web_pictures.py. */

import type { Graph, Tensor } from "../../../src/vision/graph";
import type { DetectorGraphs } from "../../../src/vision/networks";

type Call = [string, ...unknown[]];
type Square = [x: number, y: number, right: number, bottom: number];

/** Graphs and the calls they were asked for. */
export function madeGraphs(blind: boolean): { graphs: DetectorGraphs; calls: Call[] } {
  const calls: Call[] = [];
  let isBlind = blind;
  const size = (tensor: Tensor | undefined) => Array.from(tensor?.data ?? [], Number);
  const shape = (tensor: Tensor | undefined) => tensor?.dims.slice(0, 2);
  const made = (
    run: (feeds: Readonly<Record<string, Tensor>>) => Record<string, Tensor>,
  ): Graph => ({
    run: async (feeds) => run(feeds),
  });
  const resize = made(({ image, size: wanted, border }) => {
    const [height = 0, width = 0] = size(wanted);
    const [rows = 0, columns = 0] = size(border);
    calls.push(["resize", shape(image), size(wanted), size(border)]);
    isBlind = false;
    return { level: black(height + 2 * rows, width + 2 * columns) };
  });
  const pnet = made(({ image, size: wanted }) => {
    const [height = 0, width = 0] = size(wanted);
    calls.push(["pnet", shape(image), size(wanted)]);
    const rows = Math.floor((height - 12) / 2) + 1;
    const columns = Math.floor((width - 12) / 2) + 1;
    const cells = Array.from({ length: rows * columns }, (_, at) => [
      Math.floor(at / columns),
      at % columns,
    ]) as [number, number][];
    const seen = isBlind ? 0 : 1;
    const scores = cells.map(([row, column]) => seen * share(row * 37 + column * 101 + height * 7));
    const moves = cells.flatMap(([row, column]) => offsets(row * 5 + column * 3));
    return {
      level: black(height, width),
      probability: floats(scores, [rows, columns]),
      offsets: floats(moves, [rows, columns, 4]),
    };
  });
  const rnet = made(({ image, boxes }) => {
    const squares = floored(boxes);
    calls.push(["rnet", shape(image), squares.length]);
    return {
      probability: floats(squares.map(([x, y, right]) => share(3 * x + 5 * y + 7 * right))),
      offsets: floats(squares.flatMap(([x]) => offsets(x))),
    };
  });
  const onet = made(({ image, boxes }) => {
    const squares = floored(boxes);
    calls.push(["onet", shape(image), squares.length]);
    const points = squares.flatMap(([x, y]) =>
      Array.from({ length: 10 }, (_, k) => modulo(x + y + 13 * k, 100) / 100),
    );
    return {
      probability: floats(squares.map(([x, y, , low]) => share(2 * x + 3 * y + 11 * low))),
      offsets: floats(squares.flatMap(([, y]) => offsets(y))),
      landmarks: floats(points),
    };
  });
  return { graphs: { resize, pnet, rnet, onet }, calls };
}

function black(height: number, width: number): Tensor {
  return { data: new Uint8Array(3 * height * width), dims: [height, width, 3] };
}

function floats(values: readonly number[], dims: readonly number[] = [values.length]): Tensor {
  return { data: Float32Array.from(values), dims };
}

function floored(boxes: Tensor | undefined): Square[] {
  const edges = Array.from(boxes?.data as Float32Array, Math.floor);
  return Array.from(
    { length: edges.length / 4 },
    (_, row) => edges.slice(4 * row, 4 * row + 4) as unknown as Square,
  );
}

function share(number: number): number {
  return 0.5 + modulo(number, 97) / 194;
}

function offsets(number: number): number[] {
  return [0, 11, 22, 33].map((step) => (modulo(number + step, 21) - 10) / 100);
}

function modulo(a: number, b: number): number {
  return ((a % b) + b) % b;
}
