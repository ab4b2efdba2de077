import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openDevice, type WorkerPort } from "../../../src/engine/device";
import type { OrderMessage, ReportMessage } from "../../../src/engine/messages";
import type { EngineOptions, ModelInfo, Progress } from "../../../src/engine/types";
import { madeManifest, serveFiles } from "./made-files";

const BASE = new URL("http://host/page/");
const INFO: ModelInfo = {
  name: "made",
  precision: "fp32",
  labels: ["happy", "sad"],
  threshold: 0.5,
  backend: "wasm",
  threads: 1,
};
const OPTIONS: EngineOptions = {
  model: { name: "made", folder: "models/made", precisions: ["fp32"], parameters: 1, licence: "" },
  precision: "fp32",
};
const LIVE = { source: "camera", every: 3, smoothingS: 0.3, heat: true };
const FRAME = { width: 4, height: 4 } as ImageBitmap;

/** A worker that notes its orders and answers when the test lets it. */
class FakeWorker implements WorkerPort {
  readonly orders: OrderMessage[] = [];
  readonly transferred: Transferable[][] = [];
  isTerminated = false;
  refusesToPost = false;
  readonly #listeners: Record<string, ((event: Event) => void)[]> = {};

  postMessage(message: unknown, transfer: Transferable[]): void {
    if (this.refusesToPost) throw new DOMException("detached", "DataCloneError");
    this.orders.push(message as OrderMessage);
    this.transferred.push(transfer);
    const { kind, id } = message as OrderMessage;
    if (kind !== "read") this.report({ kind: "done", id, answer: kind === "open" ? INFO : null });
  }

  addEventListener(kind: string, listener: (event: Event) => void): void {
    this.#listeners[kind] = [...(this.#listeners[kind] ?? []), listener];
  }

  terminate(): void {
    this.isTerminated = true;
  }

  report(data: ReportMessage): void {
    this.fire("message", { data });
  }

  fire(kind: string, event: object): void {
    for (const listener of this.#listeners[kind] ?? []) listener(event as Event);
  }
}

let worker: FakeWorker;

beforeEach(() => {
  worker = new FakeWorker();
  serveFiles({ "/page/models.json": () => Response.json(madeManifest()) });
});

afterEach(() => vi.unstubAllGlobals());

describe("openDevice", () => {
  it("tells the worker all it needs and the page what it got", async () => {
    const engine = await openDevice(BASE, OPTIONS, () => worker);
    expect(engine.info).toEqual(INFO);
    expect(worker.orders[0]).toMatchObject({
      kind: "open",
      order: { base: BASE.href, model: OPTIONS.model, precision: "fp32", graphics: "off" },
    });
  });

  it("passes the wish for the graphics card on, and what has become of it", async () => {
    const told: ModelInfo[] = [];
    const options = {
      ...OPTIONS,
      graphics: "faster",
      onInfo: (i: ModelInfo) => told.push(i),
    } as const;
    await openDevice(BASE, options, () => worker);
    expect(worker.orders[0]).toMatchObject({ order: { graphics: "faster" } });
    worker.report({ kind: "info", info: { ...INFO, backend: "wasm" } });
    expect(told).toEqual([{ ...INFO, backend: "wasm" }]);
  });

  it("passes progress on", async () => {
    const told: Progress[] = [];
    const progress = { part: "model", loaded: 1, total: null };
    vi.spyOn(worker, "postMessage").mockImplementationOnce((message) => {
      worker.report({ kind: "progress", progress });
      worker.report({ kind: "done", id: (message as OrderMessage).id, answer: INFO });
    });
    await openDevice(BASE, { ...OPTIONS, onProgress: (p) => told.push(p) }, () => worker);
    expect(told).toEqual([progress]);
  });

  it("starts no worker without a list of files", async () => {
    serveFiles({});
    const start = vi.fn(() => worker);
    const opening = openDevice(BASE, OPTIONS, start);
    await expect(opening).rejects.toMatchObject({ trouble: "model-missing" });
    expect(start).not.toHaveBeenCalled();
  });

  it("stops the worker that could not open", async () => {
    vi.spyOn(worker, "postMessage").mockImplementationOnce(() => {
      worker.report({ kind: "failed", id: 0, trouble: "wasm-blocked", message: "refused" });
    });
    const opening = openDevice(BASE, OPTIONS, () => worker);
    await expect(opening).rejects.toMatchObject({ trouble: "wasm-blocked", message: "refused" });
    expect(worker.isTerminated).toBe(true);
  });
});

describe("the engine on the device", () => {
  const row = { faces: [] };

  it("gives frames away and answers each with its own row", async () => {
    const engine = await openDevice(BASE, OPTIONS, () => worker);
    await engine.begin(LIVE);
    const first = engine.read(FRAME, 0);
    const second = engine.read(FRAME, 0.1);
    expect(worker.transferred.slice(2)).toEqual([[FRAME], [FRAME]]);
    const answer = { row: { ...row, frame: 0 }, heat: [], detectMs: 5, modelMs: 2 };
    worker.report({ kind: "done", id: 2, answer: answer as never });
    const later = { row: { ...row, frame: 1 }, heat: [], detectMs: null, modelMs: 2 };
    worker.report({ kind: "done", id: 3, answer: later as never });
    expect(await first).toMatchObject({ row: { frame: 0 }, ms: { detect: 5, model: 2 } });
    expect(await second).toMatchObject({ row: { frame: 1 }, ms: { detect: null }, dropped: 0 });
    expect((await first).ms.total).toBeGreaterThanOrEqual(0);
  });

  it("fails one frame and goes on", async () => {
    const engine = await openDevice(BASE, OPTIONS, () => worker);
    const reading = engine.read(FRAME, 0);
    worker.report({ kind: "failed", id: 1, trouble: "picture-unreadable", message: "no pixels" });
    await expect(reading).rejects.toMatchObject({ trouble: "picture-unreadable" });
    await expect(engine.begin(LIVE)).resolves.toBeUndefined();
  });

  it("refuses a frame that was given away before", async () => {
    const engine = await openDevice(BASE, OPTIONS, () => worker);
    worker.refusesToPost = true;
    await expect(engine.read(FRAME, 0)).rejects.toMatchObject({ trouble: "picture-unreadable" });
  });

  it.each([
    ["error", { message: "RuntimeError: unreachable" }, "the worker broke: RuntimeError"],
    ["error", {}, "it cannot be loaded"],
    ["messageerror", {}, "cannot be read"],
  ])("rejects all that waits when the worker breaks: %s %o", async (kind, event, message) => {
    const engine = await openDevice(BASE, OPTIONS, () => worker);
    const waiting = [engine.read(FRAME, 0), engine.read(FRAME, 1)];
    worker.fire(kind, event);
    const broken = { trouble: "defect", message: expect.stringContaining(message) };
    for (const each of waiting) await expect(each).rejects.toMatchObject(broken);
    await expect(engine.begin(LIVE)).rejects.toMatchObject(broken);
    expect(worker.isTerminated).toBe(true);
  });

  it("rejects all that waits when it is closed", async () => {
    const engine = await openDevice(BASE, OPTIONS, () => worker);
    const waiting = engine.read(FRAME, 0);
    await engine.close();
    await expect(waiting).rejects.toMatchObject({ message: expect.stringContaining("closed") });
    expect(worker.isTerminated).toBe(true);
  });
});
