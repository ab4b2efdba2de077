/** The engine on this device: a worker that reads, and the page's end of it. */

import { fetchManifest } from "./manifest";
import type { OrderKind, Orders, ReportMessage } from "./messages";
import {
  type Answer,
  type Engine,
  EngineError,
  type EngineOptions,
  type ModelInfo,
  type StreamOptions,
} from "./types";

/** The page's end of a worker, or a fake. */
export interface WorkerPort {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(kind: string, listener: (event: Event) => void): void;
  terminate(): void;
}

/** What is waited for. */
interface Waiting {
  resolve(answer: never): void;
  reject(error: EngineError): void;
}

/**
 * Open a model in a worker of its own.
 *
 * @param base Address of the page, which all files lie beside.
 * @throws EngineError If a file is missing or damaged, or the browser refuses.
 */
export async function openDevice(
  base: URL,
  { model, precision, graphics = "off", onProgress, onInfo }: EngineOptions,
  startWorker: () => WorkerPort = startedWorker,
): Promise<Engine> {
  const manifest = await fetchManifest(base);
  const line = new WorkerLine(startWorker(), { onProgress, onInfo });
  try {
    const order = { base: base.href, manifest, model, precision, graphics };
    const info = await line.ask("open", order);
    return new DeviceEngine(line, info);
  } catch (error) {
    line.end();
    throw error;
  }
}

function startedWorker(): WorkerPort {
  return new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "mien" });
}

class DeviceEngine implements Engine {
  readonly info: ModelInfo;
  readonly #line: WorkerLine;

  constructor(line: WorkerLine, info: ModelInfo) {
    this.#line = line;
    this.info = info;
  }

  async begin(options: StreamOptions): Promise<void> {
    await this.#line.ask("begin", { ...options });
  }

  async read(frame: ImageBitmap, timeS: number | null): Promise<Answer> {
    const start = performance.now();
    const { row, heat, detectMs, modelMs } = await this.#line.ask("read", { frame, timeS }, [
      frame,
    ]);
    const ms = { detect: detectMs, model: modelMs, total: performance.now() - start };
    return { row, heat, ms, dropped: 0 };
  }

  async close(): Promise<void> {
    this.#line.end();
  }
}

/** What a worker tells without being asked. */
interface Listeners {
  readonly onProgress: EngineOptions["onProgress"] | undefined;
  readonly onInfo: EngineOptions["onInfo"] | undefined;
}

/** Orders to a worker and their answers; a worker that breaks answers none any more. */
class WorkerLine {
  readonly #port: WorkerPort;
  readonly #waiting = new Map<number, Waiting>();
  #broken: EngineError | null = null;
  #next = 0;

  constructor(port: WorkerPort, listeners: Listeners) {
    this.#port = port;
    port.addEventListener("message", (event) => {
      this.#take((event as MessageEvent<ReportMessage>).data, listeners);
    });
    port.addEventListener("error", (event) => {
      const { message } = event as ErrorEvent;
      this.#break(
        new EngineError("defect", `the worker broke: ${message || "it cannot be loaded"}`),
      );
    });
    port.addEventListener("messageerror", () => {
      this.#break(new EngineError("defect", "a message of the worker cannot be read"));
    });
  }

  ask<K extends OrderKind>(
    kind: K,
    order: Orders[K]["order"],
    transfer: Transferable[] = [],
  ): Promise<Orders[K]["answer"]> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      try {
        this.#port.postMessage({ id, kind, order }, transfer);
      } catch (error) {
        // A bitmap that was closed or given away before cannot be given again.
        this.#waiting.delete(id);
        reject(new EngineError(kind === "read" ? "picture-unreadable" : "defect", String(error)));
      }
    });
  }

  /** Stop the worker; what is waited for is rejected. */
  end(): void {
    this.#break(new EngineError("defect", "the reader was closed; open a new one"));
  }

  #take(report: ReportMessage, { onProgress, onInfo }: Listeners): void {
    if (report.kind === "progress") {
      onProgress?.(report.progress);
      return;
    }
    if (report.kind === "info") {
      onInfo?.(report.info);
      return;
    }
    const waiting = this.#waiting.get(report.id);
    this.#waiting.delete(report.id);
    if (report.kind === "done") waiting?.resolve(report.answer as never);
    else waiting?.reject(new EngineError(report.trouble, report.message));
  }

  #break(error: EngineError): void {
    this.#broken ??= error;
    this.#port.terminate();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
