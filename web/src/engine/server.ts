/** The same engine on a server: live frames over `WS /v1/stream`, stills by `POST /v1/analyze`. */

import { checkedRow, type ServerFacts, serverFacts } from "./answers";
import { Encoder, inPixelsOf, type Limits } from "./encoding";
import type { FrameRow, Row } from "./row";
import { StreamSocket } from "./socket";
import { messageOf, troubleOf } from "./trouble";
import {
  type Answer,
  type Engine,
  EngineError,
  type ModelInfo,
  type StreamOptions,
  type Trouble,
} from "./types";

/** A server that does not answer a request for so long is gone. */
const PATIENCE_MS = 60_000;

const TROUBLES: Readonly<Record<number, Trouble>> = {
  401: "server-refused",
  403: "server-forbidden",
  408: "server-lost",
  413: "server-too-large",
  415: "picture-unreadable",
  422: "picture-unreadable",
  429: "server-busy",
  500: "defect",
  503: "server-busy",
};

/**
 * Open the server that the page is from.
 *
 * @param base Address of the page.
 * @param token Sent in a header or the first message, never in an address; null = none.
 * @throws EngineError `server-lost`, `server-refused`, `server-forbidden` or `server-busy`.
 */
export async function openServer(base: URL, token: string | null): Promise<Engine> {
  const api = new Api(base, token);
  return new ServerEngine(api, await api.model());
}

/** The requests. */
class Api {
  readonly token: string | null;
  readonly #base: URL;

  constructor(base: URL, token: string | null) {
    this.#base = base;
    this.token = token;
  }

  get stream(): URL {
    const url = new URL("v1/stream", this.#base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url;
  }

  model(): Promise<ServerFacts> {
    return this.#asked("v1/model", {}, serverFacts);
  }

  analyze(picture: Blob): Promise<Row> {
    const headers = { "Content-Type": picture.type };
    return this.#asked("v1/analyze", { method: "POST", body: picture, headers }, checkedRow);
  }

  async #asked<T>(path: string, init: RequestInit, parse: (value: unknown) => T): Promise<T> {
    const headers = new Headers(init.headers);
    if (this.token !== null) headers.set("Authorization", `Bearer ${this.token}`);
    const signal = AbortSignal.timeout(PATIENCE_MS);
    let response: Response;
    let body: unknown;
    try {
      response = await fetch(new URL(path, this.#base), { ...init, headers, signal });
      body = await response.json().catch(() => null);
    } catch (error) {
      throw new EngineError("server-lost", messageOf(error));
    }
    if (!response.ok) {
      const trouble = TROUBLES[response.status] ?? "server-lost";
      throw new EngineError(trouble, toldBy(body) ?? `the server answers ${response.status}`);
    }
    try {
      return parse(body);
    } catch (error) {
      // A static host answers with a page of its own.
      throw new EngineError("server-lost", `this is no server of mien: ${messageOf(error)}`);
    }
  }
}

/** The message in an error of the server. */
function toldBy(body: unknown): string | null {
  const error = (body as { error?: { message?: unknown } } | null)?.error;
  return typeof error?.message === "string" ? error.message : null;
}

class ServerEngine implements Engine {
  readonly info: ModelInfo;
  readonly #api: Api;
  readonly #limits: Limits;
  #encoder = new Encoder();
  #options: StreamOptions | null = null;
  #socket: StreamSocket | null = null;
  #frames = 0;
  /** Added to track numbers, so that none comes again after a lost connection. */
  #firstTrack = 0;
  #nextTrack = 0;
  #dropped = 0;
  #isClosed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(api: Api, { info, limits }: ServerFacts) {
    this.#api = api;
    this.info = info;
    this.#limits = limits;
  }

  begin(options: StreamOptions): Promise<void> {
    const begun = this.#last.then(() => {
      this.#socket?.close();
      this.#socket = null;
      this.#options = options;
      this.#encoder = new Encoder();
      this.#frames = 0;
      this.#firstTrack = 0;
      this.#nextTrack = 0;
      this.#dropped = 0;
    });
    this.#last = begun;
    return begun;
  }

  read(frame: ImageBitmap, timeS: number | null): Promise<Answer> {
    const start = performance.now();
    const answer = this.#last.then(async (): Promise<Answer> => {
      try {
        const row = timeS === null ? await this.#still(frame) : await this.#live(frame, timeS);
        const ms = { detect: null, model: null, total: performance.now() - start };
        return { row, heat: [], ms, dropped: this.#dropped };
      } catch (error) {
        throw troubleOf(error, "defect");
      } finally {
        frame.close();
      }
    });
    this.#last = answer.catch(() => null);
    return answer;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#socket?.close();
  }

  async #still(frame: ImageBitmap): Promise<FrameRow> {
    const { source } = this.#begun();
    const row = await this.#answered(frame, this.#limits.bodyBytes, async (picture) =>
      frameRowOf(await this.#api.analyze(picture)),
    );
    return { ...row, source };
  }

  async #live(frame: ImageBitmap, timeS: number): Promise<FrameRow> {
    const options = this.#begun();
    const number = this.#frames++;
    const row = await this.#answered(frame, this.#limits.frameBytes, async (picture) => {
      const data = await picture.arrayBuffer();
      const socket = await this.#connected(options);
      const reply = await socket.ask(timeS, data);
      this.#dropped = reply.dropped;
      return frameRowOf(reply.row);
    });
    const faces = row.faces.map((face) => {
      const track = face.track === null ? null : face.track + this.#firstTrack;
      this.#nextTrack = Math.max(this.#nextTrack, (track ?? -1) + 1);
      return { ...face, track };
    });
    return { ...row, source: options.source, frame: number, faces };
  }

  /** The row of a frame in its own pixels. It is sent smaller where the server, or a proxy that
   * tells no limits, refuses it: one large frame is no reason to end a recording. */
  async #answered(
    frame: ImageBitmap,
    bytes: number,
    send: (picture: Blob) => Promise<FrameRow>,
  ): Promise<FrameRow> {
    for (;;) {
      const picture = await this.#encoder.fit(frame, bytes, this.#limits.pixels);
      try {
        return inPixelsOf(frame, await send(picture));
      } catch (error) {
        const tooLarge = error instanceof EngineError && error.trouble === "server-too-large";
        if (!tooLarge || !this.#encoder.lower()) throw error;
      }
    }
  }

  #begun(): StreamOptions {
    if (this.#isClosed) throw new EngineError("defect", "the reader was closed; open a new one");
    if (this.#options === null) throw new EngineError("defect", "begin a source before reading");
    return this.#options;
  }

  /** The connection of this source; a new one where the server has ended the last, as it does when
   * no frame comes for a minute. */
  async #connected({ every, smoothingS }: StreamOptions): Promise<StreamSocket> {
    if (this.#socket?.isOpen) return this.#socket;
    this.#firstTrack = this.#nextTrack;
    const { stream, token } = this.#api;
    try {
      this.#socket = await StreamSocket.open(stream, { token, every, smoothingS });
    } catch (error) {
      await this.#api.model(); // a browser does not say why; this rejects with the reason
      throw error;
    }
    if (this.#isClosed) this.#socket.close();
    return this.#socket;
  }
}

function frameRowOf(row: Row): FrameRow {
  if (!("error" in row)) return row;
  const { type, message } = row.error;
  const isPicture = type === "ImageDecodeError" || type === "FormatError";
  throw new EngineError(isPicture ? "picture-unreadable" : "defect", message);
}
