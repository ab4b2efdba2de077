import { describe, expect, it, vi } from "vitest";
import { Guarded } from "../../../src/engine/guarded";
import type { Graph, Tensor } from "../../../src/vision/graph";

const FEEDS = { image: { data: new Uint8Array(3), dims: [1, 1, 3] } };
const answer = (value: number): Record<string, Tensor> => ({
  logits: { data: Float32Array.of(value), dims: [1, 1] },
});
const card = (run: Graph["run"] = async () => answer(1)) => ({ run: vi.fn(run) });

function guarded(first: Graph) {
  const second = { run: vi.fn(async () => answer(2)) };
  const onLost = vi.fn();
  const { promise: lost, resolve: lose } = withResolvers<string>();
  return { graph: new Guarded(first, second, lost, onLost), second, onLost, lose };
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const said = async (graph: Graph) => (await graph.run(FEEDS, ["logits"])).logits?.data[0];

describe("Guarded", () => {
  it("asks the first as long as it answers", async () => {
    const { graph, second, onLost } = guarded(card());
    expect(await said(graph)).toBe(1);
    expect(await said(graph)).toBe(1);
    expect(second.run).not.toHaveBeenCalled();
    expect(onLost).not.toHaveBeenCalled();
  });

  it("asks the second for the same picture when the first fails, and from then on", async () => {
    const first = card(() => Promise.reject(new Error("no buffer")));
    const { graph, second, onLost } = guarded(first);
    expect(await said(graph)).toBe(2);
    expect(await said(graph)).toBe(2);
    expect(first.run).toHaveBeenCalledTimes(1);
    expect(second.run).toHaveBeenCalledWith(FEEDS, ["logits"]);
    expect(onLost.mock.calls).toEqual([["Error: no buffer"]]);
  });

  it("does not wait for a card that is gone", async () => {
    const { graph, onLost, lose } = guarded(card(() => new Promise(() => undefined)));
    const reading = said(graph);
    lose("unknown: gone");
    expect(await reading).toBe(2);
    expect(onLost.mock.calls).toEqual([["unknown: gone"]]);
  });

  it("does not believe a card that went while it answered", async () => {
    const end = withResolvers<Record<string, Tensor>>();
    const { graph, lose } = guarded(card(() => end.promise));
    const reading = said(graph);
    lose("unknown: gone");
    end.resolve(answer(0));
    expect(await reading).toBe(2);
  });

  it("knows between two pictures that the card is gone", async () => {
    const first = card();
    const { graph, onLost, lose } = guarded(first);
    await said(graph);
    lose("unknown: gone");
    await vi.waitFor(() => expect(onLost).toHaveBeenCalledTimes(1));
    expect(await said(graph)).toBe(2);
    expect(first.run).toHaveBeenCalledTimes(1);
  });
});
