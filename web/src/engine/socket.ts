/** One connection to `WS /v1/stream`: a hello, then one frame and one answer at a time. */

import { parseReply, type StreamReply } from "./answers";
import { messageOf } from "./trouble";
import { EngineError, type Trouble } from "./types";

const SUBPROTOCOL = "mien.v1";

/** What each frame begins with: uint32 id and float64 time, little-endian. */
const HEADER_BYTES = 12;

/** A server that says nothing for so long is gone. */
const PATIENCE_MS = 30_000;

export interface Hello {
  readonly token: string | null;
  readonly every: number;
  readonly smoothingS: number;
}

/** Close codes with a meaning (src/mien/server/stream.py); all others: lost. */
const TROUBLES: Readonly<Record<number, Trouble>> = {
  1008: "server-forbidden",
  1009: "server-too-large",
  1013: "server-busy",
  4401: "server-refused",
};

interface Waiting {
  resolve(reply: StreamReply): void;
  reject(error: EngineError): void;
  readonly id: number;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Rejects with `EngineError` only. */
export class StreamSocket {
  readonly #socket: WebSocket;
  #waiting: Waiting | null = null;
  #ended: EngineError | null = null;
  #next = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", (event) => this.#take(event.data));
    socket.addEventListener("close", ({ code, reason }) => {
      const told = reason || `the connection ended (${code})`;
      this.#end(new EngineError(TROUBLES[code] ?? "server-lost", told));
    });
  }

  /**
   * Connect and greet.
   *
   * @throws EngineError `server-lost` if there is no connection: a browser tells no reason.
   */
  static open(url: URL, hello: Hello): Promise<StreamSocket> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, SUBPROTOCOL);
      socket.binaryType = "arraybuffer";
      const line = new StreamSocket(socket);
      const fail = (error: EngineError) => {
        clearTimeout(timer);
        reject(error);
      };
      const timer = setTimeout(() => {
        socket.close();
        fail(new EngineError("server-lost", `no connection within ${PATIENCE_MS / 1000} s`));
      }, PATIENCE_MS);
      socket.addEventListener("close", () => fail(line.#ended as EngineError));
      socket.addEventListener("open", () => {
        clearTimeout(timer);
        socket.send(helloText(hello));
        resolve(line);
      });
    });
  }

  /** Whether it can still be asked. */
  get isOpen(): boolean {
    return this.#ended === null;
  }

  /** Send a frame and wait for its answer; one at a time. */
  ask(timeS: number, picture: ArrayBuffer): Promise<StreamReply> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = this.#next++ % 2 ** 32;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#end(new EngineError("server-lost", `no answer within ${PATIENCE_MS / 1000} s`));
      }, PATIENCE_MS);
      this.#waiting = { id, resolve, reject, timer };
      this.#socket.send(frameBytes(id, timeS, picture));
    });
  }

  close(): void {
    this.#end(new EngineError("defect", "the reader was closed or began another source"));
  }

  #take(data: unknown): void {
    let reply: StreamReply;
    try {
      reply = parseReply(String(data));
    } catch (error) {
      this.#end(new EngineError("defect", `the server's answer is no row: ${messageOf(error)}`));
      return;
    }
    const waiting = this.#waiting;
    if (waiting?.id !== reply.id) return;
    this.#waiting = null;
    clearTimeout(waiting.timer);
    waiting.resolve(reply);
  }

  #end(error: EngineError): void {
    this.#ended ??= error;
    this.#socket.close(1000);
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) return;
    clearTimeout(waiting.timer);
    waiting.reject(error);
  }
}

/** The first message; a token is left out where there is none. */
export function helloText({ token, every, smoothingS }: Hello): string {
  const said = { schema: "mien.row/1", every, smoothing_s: smoothingS };
  return JSON.stringify(token === null ? said : { ...said, token });
}

/** A frame as it is sent: id, time, bytes of the picture. */
export function frameBytes(id: number, timeS: number, picture: ArrayBuffer): ArrayBuffer {
  const message = new Uint8Array(HEADER_BYTES + picture.byteLength);
  const header = new DataView(message.buffer);
  header.setUint32(0, id, true);
  header.setFloat64(4, timeS, true);
  message.set(new Uint8Array(picture), HEADER_BYTES);
  return message.buffer;
}
