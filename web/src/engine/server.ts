/** The same engine on a server: live frames over `WS /v1/stream`, stills by `POST /v1/analyze`. */

import type { FrameRow, Row } from "../vision/row";
import { checkedRow, type ServerFacts, serverFacts } from "./answers";
import { Api, RefusedError } from "./api";
import { Encoder, inPixelsOf, type Limits } from "./encoding";
import { StreamSocket } from "./socket";
import { troubleOf } from "./trouble";
import {
  type Answer,
  type Engine,
  EngineError,
  type ModelInfo,
  type StreamOptions,
  type Trouble,
} from "./types";

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
  const api = new ReaderApi(new Api(base, token));
  return new ServerEngine(api, await api.model());
}

/** The requests of a reader, with failures that the page has texts for. */
class ReaderApi {
  readonly token: string | null;
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
    this.token = api.token;
  }

  get stream(): URL {
    const url = new URL("v1/stream", this.#api.base);
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
    try {
      return await this.#api.asked(path, init, parse);
    } catch (error) {
      const trouble = error instanceof RefusedError ? TROUBLES[error.status] : undefined;
      throw new EngineError(
        trouble ?? "server-lost",
        error instanceof Error ? error.message : String(error),
      );
    }
  }
}

class ServerEngine implements Engine {
  readonly info: ModelInfo;
  readonly #api: ReaderApi;
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

  constructor(api: ReaderApi, { info, limits }: ServerFacts) {
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
