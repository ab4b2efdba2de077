/** The worker's side of the messages: orders are carried out one after the other. */

import type { Picture } from "../vision/graph";
import type { OpenOrder, OrderMessage, ReportMessage } from "./messages";
import type { Reader } from "./reader";
import { troubleOf } from "./trouble";
import type { ModelInfo, Progress } from "./types";

/** Where reports go: the scope of a worker, or a fake. */
export interface ReportPort {
  postMessage(message: ReportMessage, transfer: Transferable[]): void;
}

export interface Opened {
  readonly reader: Reader;
  readonly info: ModelInfo;
}

export interface HostParts {
  /** @param onInfo To be called when the reader is no longer what it was. */
  open(
    order: OpenOrder,
    onProgress: (progress: Progress) => void,
    onInfo: (info: ModelInfo) => void,
  ): Promise<Opened>;
  /** The picture in a bitmap, which it closes. */
  pixels(bitmap: ImageBitmap): Picture;
}

export class Host {
  readonly #port: ReportPort;
  readonly #parts: HostParts;
  #reader: Reader | null = null;
  #last: Promise<void> = Promise.resolve();

  constructor(port: ReportPort, parts: HostParts) {
    this.#port = port;
    this.#parts = parts;
  }

  /** Carry out an order when those before it are done; failures are reported, never thrown. */
  take(message: OrderMessage): Promise<void> {
    this.#last = this.#last.then(() => this.#carryOut(message));
    return this.#last;
  }

  async #carryOut(message: OrderMessage): Promise<void> {
    const { id } = message;
    try {
      const answer = await this.#answer(message);
      const maps = answer !== null && "heat" in answer ? answer.heat : [];
      const buffers = maps.map(({ values }) => values.buffer as ArrayBuffer);
      this.#port.postMessage({ kind: "done", id, answer }, buffers);
    } catch (error) {
      const { trouble, message: told } = troubleOf(error, "defect");
      this.#port.postMessage({ kind: "failed", id, trouble, message: told }, []);
    }
  }

  async #answer(message: OrderMessage) {
    if (message.kind === "open") {
      const { reader, info } = await this.#parts.open(
        message.order,
        (progress) => this.#port.postMessage({ kind: "progress", progress }, []),
        (changed) => this.#port.postMessage({ kind: "info", info: changed }, []),
      );
      this.#reader = reader;
      return info;
    }
    // The bitmap is closed before anything else can fail.
    const picture = message.kind === "read" ? this.#parts.pixels(message.order.frame) : null;
    if (this.#reader === null) throw new Error("open a model first");
    if (message.kind === "begin") {
      this.#reader.begin(message.order);
      return null;
    }
    return this.#reader.read(picture as Picture, message.order.timeS);
  }
}
