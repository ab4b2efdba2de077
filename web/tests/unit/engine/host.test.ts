import { describe, expect, it } from "vitest";
import { Host, type HostParts } from "../../../src/engine/host";
import type { OpenOrder, OrderMessage, ReportMessage } from "../../../src/engine/messages";
import { Reader } from "../../../src/engine/reader";
import { EngineError, type ModelInfo } from "../../../src/engine/types";
import { facesOf } from "../../../src/vision/faces";
import type { Graph } from "../../../src/vision/graph";
import { Recognizer } from "../../../src/vision/recognizer";

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
  hasActivation: true,
};
const PICTURE = { width: 64, height: 64, data: new Uint8Array(3 * 64 * 64) };
const LIVE = { source: "camera", every: 1, smoothingS: 0.3, heat: true };
const INFO = { name: "made" } as ModelInfo;

const model: Graph = {
  run: async () => ({
    logits: { data: Float32Array.of(2, 0), dims: [1, 2] },
    activation: { data: Float32Array.of(1, 2), dims: [1, 2, 1, 1] },
  }),
};
const detector = {
  detect: async () =>
    facesOf({ boxes: Float32Array.of(8, 8, 56, 56), scores: Float32Array.of(0.95) }),
};
const frame = (timeS: number | null) => ({ frame: {} as ImageBitmap, timeS });

function hostOf(parts: Partial<HostParts> = {}) {
  const reports: { message: ReportMessage; transfer: Transferable[] }[] = [];
  const host = new Host(
    { postMessage: (message, transfer) => reports.push({ message, transfer }) },
    {
      open: async (_order, onProgress) => {
        onProgress({ part: "model", loaded: 1, total: 1 });
        return { reader: new Reader(new Recognizer(FACTS, model, model), detector), info: INFO };
      },
      pixels: () => PICTURE,
      ...parts,
    },
  );
  return { host, reports };
}

const OPEN: OrderMessage = { id: 0, kind: "open", order: {} as OpenOrder };

describe("Host", () => {
  it("opens, begins and reads in the order of the messages", async () => {
    const { host, reports } = hostOf();
    host.take(OPEN);
    host.take({ id: 1, kind: "begin", order: LIVE });
    host.take({ id: 2, kind: "read", order: frame(0) });
    await host.take({ id: 3, kind: "read", order: frame(0.1) });
    const messages = reports.map(({ message }) => message);
    expect(messages.map(({ kind }) => kind)).toEqual(["progress", "done", "done", "done", "done"]);
    expect(messages.slice(1).map((message) => "id" in message && message.id)).toEqual([0, 1, 2, 3]);
    expect(messages.at(-1)).toMatchObject({
      answer: {
        row: {
          schema: "mien.row/1",
          model: "made",
          source: "camera",
          frame: 1,
          time_s: 0.1,
          width: 64,
          faces: [{ track: 0, label: "happy", detected: true }],
        },
      },
    });
  });

  it("gives heat maps away instead of copying them", async () => {
    const { host, reports } = hostOf();
    host.take(OPEN);
    host.take({ id: 1, kind: "begin", order: LIVE });
    await host.take({ id: 2, kind: "read", order: frame(0) });
    const last = reports.at(-1);
    expect(last?.message).toMatchObject({ answer: { heat: [{ width: 1, height: 1 }] } });
    expect(last?.transfer).toHaveLength(1);
  });

  it("numbers stills 0, without time or tracks", async () => {
    const { host, reports } = hostOf();
    host.take(OPEN);
    host.take({ id: 1, kind: "begin", order: LIVE });
    host.take({ id: 2, kind: "read", order: frame(null) });
    await host.take({ id: 3, kind: "read", order: frame(null) });
    expect(reports.at(-1)?.message).toMatchObject({
      answer: { row: { frame: 0, time_s: null, faces: [{ track: null, smoothed: null }] } },
    });
  });

  it("reports a failed frame and goes on", async () => {
    let calls = 0;
    const { host, reports } = hostOf({
      pixels: () => {
        if (calls++ === 0) throw new EngineError("picture-unreadable", "no pixels");
        return PICTURE;
      },
    });
    host.take(OPEN);
    host.take({ id: 1, kind: "begin", order: LIVE });
    host.take({ id: 2, kind: "read", order: frame(0) });
    await host.take({ id: 3, kind: "read", order: frame(0.1) });
    const [failed, done] = reports.slice(-2).map(({ message }) => message);
    expect(failed).toEqual({
      kind: "failed",
      id: 2,
      trouble: "picture-unreadable",
      message: "no pixels",
    });
    expect(done).toMatchObject({ kind: "done", id: 3 });
  });

  it("reports orders that come too early, time that goes back and a failed opening", async () => {
    const { host, reports } = hostOf();
    await host.take({ id: 7, kind: "begin", order: LIVE });
    await host.take(OPEN);
    await host.take({ id: 8, kind: "read", order: frame(0) });
    await host.take({ id: 9, kind: "begin", order: LIVE });
    await host.take({ id: 10, kind: "read", order: frame(5) });
    await host.take({ id: 11, kind: "read", order: frame(4) });
    const failures = reports.map(({ message }) => message).filter(({ kind }) => kind === "failed");
    expect(failures).toMatchObject([
      { id: 7, trouble: "defect", message: expect.stringContaining("open a model first") },
      { id: 8, trouble: "defect", message: expect.stringContaining("begin a source") },
      { id: 11, trouble: "defect", message: expect.stringContaining("order of time") },
    ]);
    const closed = hostOf({ open: () => Promise.reject(new EngineError("model-missing", "404")) });
    await closed.host.take(OPEN);
    expect(closed.reports[0]?.message).toMatchObject({ kind: "failed", trouble: "model-missing" });
  });
});
