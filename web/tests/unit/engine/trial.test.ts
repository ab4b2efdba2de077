import { describe, expect, it } from "vitest";
import { tried } from "../../../src/engine/trial";
import type { Graph, Tensor } from "../../../src/vision/graph";

const FACTS = {
  name: "made",
  labels: ["happy", "sad"],
  temperature: 1,
  threshold: 0.6,
  boxScale: 1,
  template: [
    [15, 17],
    [32, 17],
    [23.5, 37],
  ] as const,
  inputSize: 48,
  hasActivation: false,
};

/** A clock that only the graphs move, each by its own time. */
function bench() {
  let time = 0;
  const asked: (readonly number[])[] = [];
  const graph = (ms: number, logits: () => readonly number[]): Graph => ({
    run: async (feeds: Readonly<Record<string, Tensor>>) => {
      time += ms;
      asked.push(feeds.image?.dims ?? []);
      return { logits: { data: Float32Array.from(logits()), dims: [1, 2] } };
    },
  });
  return { graph, asked, now: () => time };
}

describe("a trial", () => {
  it("tells the median of both and the largest difference of a probability", async () => {
    const { graph, asked, now } = bench();
    let run = 0;
    const usual = graph(7, () => [5, 0]);
    const exact = graph(9, () => [0, 0]);
    const webgpu = graph(3, () => [run++ === 1 ? Math.log(0.6 / 0.4) : 0, 0]);
    const trial = await tried({ usual, exact, webgpu }, FACTS, now);
    expect(trial).toMatchObject({ wasmMs: 7, webgpuMs: 3 });
    expect(trial.difference).toBeCloseTo(0.1, 6);
    expect(asked).toHaveLength(2 * 3 + 2 * 16);
    expect(new Set(asked.map((dims) => dims.join()))).toEqual(new Set(["160,160,3"]));
  });

  it("ends early where a run takes seconds", async () => {
    const { graph, asked, now } = bench();
    const fast = graph(7, () => [0, 0]);
    const slow = graph(4000, () => [0, 0]);
    const trial = await tried({ usual: fast, exact: fast, webgpu: slow }, FACTS, now);
    expect(trial).toEqual({ wasmMs: 7, webgpuMs: 4000, difference: 0 });
    expect(asked).toHaveLength(2 * 3 + 2 * 4);
  });

  it("fails where the card answers nonsense", async () => {
    const { graph, now } = bench();
    const good = graph(7, () => [0, 0]);
    const mad = graph(3, () => [Number.NaN, 0]);
    const trial = tried({ usual: good, exact: good, webgpu: mad }, FACTS, now);
    await expect(trial).rejects.toThrow("finite");
  });
});
