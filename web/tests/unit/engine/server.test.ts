import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openServer } from "../../../src/engine/server";
import { frameBytes, helloText } from "../../../src/engine/socket";
import type { Engine } from "../../../src/engine/types";
import type { FrameRow } from "../../../src/vision/row";
import { golden } from "../vision/golden";
import { type Answer, serveFiles } from "./made-files";

const BASE = new URL("https://host:8000/page/");
const FACTS = { name: "small", precision: "int8", labels: ["happy", "sad"], threshold: 0.57 };
const LIVE = { source: "camera", every: 3, smoothingS: 0.3, heat: true };
const ROW = golden<{ cases: { row: FrameRow }[] }>("rows").cases[2]?.row as FrameRow;
const PICTURE = new Uint8Array([0xff, 0xd8, 1, 2, 3]);

/** A server's end of each connection, opened and answered by the test. */
class FakeSocket extends EventTarget {
  static all: FakeSocket[] = [];
  binaryType = "";
  readonly sent: (string | ArrayBuffer)[] = [];
  closedWith: number | null = null;

  readonly url: URL;
  readonly protocol: string;

  constructor(url: URL, protocol: string) {
    super();
    this.url = url;
    this.protocol = protocol;
    FakeSocket.all.push(this);
  }

  send(data: string | ArrayBuffer): void {
    this.sent.push(data);
  }

  close(code = 1000): void {
    this.closedWith ??= code;
  }

  opens(): void {
    this.dispatchEvent(new Event("open"));
  }

  says(message: unknown): void {
    const data = typeof message === "string" ? message : JSON.stringify(message);
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  ends(code: number, reason = ""): void {
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
}

/** What each picture was made as, and how many bytes it has by its pixels and quality. */
let made: { width: number; height: number; quality: number }[];
let bytesOf: (width: number, height: number, quality: number) => number;

class FakeCanvas {
  readonly width: number;
  readonly height: number;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  getContext = () => ({ fillStyle: "", fillRect: () => {}, drawImage: () => {} });
  convertToBlob = async ({ type, quality }: { type: string; quality: number }) => {
    const { width, height } = this;
    made.push({ width, height, quality });
    const picture = new Uint8Array(bytesOf(width, height, quality));
    picture.set(PICTURE);
    return new Blob([picture], { type });
  };
}

function bitmap(width = ROW.width, height = ROW.height) {
  return { width, height, close: vi.fn() } as unknown as ImageBitmap;
}

/** The newest connection, once there are `count`. */
async function socketAt(count: number): Promise<FakeSocket> {
  await vi.waitFor(() => expect(FakeSocket.all).toHaveLength(count));
  return FakeSocket.all[count - 1] as FakeSocket;
}

async function sentBy(socket: FakeSocket, count: number): Promise<void> {
  await vi.waitFor(() => expect(socket.sent).toHaveLength(count));
}

async function opened(token: string | null = null): Promise<Engine> {
  const engine = await openServer(BASE, token);
  await engine.begin(LIVE);
  return engine;
}

/** A first frame that is answered, and its connection. */
async function live(engine: Engine) {
  const reading = engine.read(bitmap(), 0);
  const socket = await socketAt(FakeSocket.all.length + 1);
  socket.opens();
  await sentBy(socket, 2);
  socket.says({ ...ROW, id: 0, dropped: 0 });
  return { answer: await reading, socket };
}

let requests: Request[];

function serve(answers: Readonly<Record<string, () => Answer>> = {}): void {
  requests = serveFiles({ "/v1/model": () => Response.json(FACTS), ...answers });
}

beforeEach(() => {
  FakeSocket.all = [];
  made = [];
  bytesOf = () => PICTURE.length;
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("OffscreenCanvas", FakeCanvas);
  serve();
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("openServer", () => {
  it("asks for the model, with the token in a header only", async () => {
    const engine = await openServer(BASE, "secret-of-16-signs");
    expect(engine.info).toEqual({ ...FACTS, backend: "server", threads: 0 });
    expect(requests[0]?.url).toBe("https://host:8000/page/v1/model");
    expect(requests[0]?.headers.get("authorization")).toBe("Bearer secret-of-16-signs");
    await openServer(BASE, null);
    expect(requests[1]?.headers.has("authorization")).toBe(false);
  });

  it.each([
    [401, "server-refused"],
    [403, "server-forbidden"],
    [404, "server-lost"],
    [429, "server-busy"],
    [500, "defect"],
    [502, "server-lost"],
    [503, "server-busy"],
  ])("status %i is %s, in the server's words", async (status, trouble) => {
    const body = { error: { type: "X", message: "do this" } };
    serve({ "/v1/model": () => Response.json(body, { status }) });
    await expect(openServer(BASE, null)).rejects.toMatchObject({ trouble, message: "do this" });
  });

  it.each([
    ["no network", () => new TypeError("Failed to fetch")],
    ["a static host", () => new Response("<!doctype html>")],
    ["another server", () => Response.json({ precision: "fp32" })],
  ])("%s is a lost server", async (_, answer) => {
    serve({ "/v1/model": answer });
    await expect(openServer(BASE, null)).rejects.toMatchObject({ trouble: "server-lost" });
  });
});

describe("stills", () => {
  it("posts the picture and names the source", async () => {
    serve({ "/v1/analyze": () => Response.json({ ...ROW, frame: 0, time_s: null }) });
    const engine = await opened("secret-of-16-signs");
    const frame = bitmap();
    const { row, heat } = await engine.read(frame, null);
    expect(row).toEqual({ ...ROW, source: "camera", frame: 0, time_s: null });
    expect(heat).toEqual([]);
    const [, request] = requests as [Request, Request];
    expect(request.method).toBe("POST");
    expect(request.headers.get("content-type")).toBe("image/jpeg");
    expect(request.headers.get("authorization")).toBe("Bearer secret-of-16-signs");
    expect(new Uint8Array(await request.arrayBuffer())).toEqual(PICTURE);
    expect(frame.close).toHaveBeenCalledOnce();
    expect(FakeSocket.all).toEqual([]);
  });

  it.each([415, 422])("status %i is an unreadable picture", async (status) => {
    serve({ "/v1/analyze": () => Response.json({}, { status }) });
    const engine = await opened();
    const message = `the server answers ${status}`;
    await expect(engine.read(bitmap(), null)).rejects.toMatchObject({
      trouble: "picture-unreadable",
      message,
    });
  });
});

describe("frames", () => {
  it("greets, sends id, time and picture, and answers", async () => {
    const engine = await opened("secret-of-16-signs");
    const { answer, socket } = await live(engine);
    expect(String(socket.url)).toBe("wss://host:8000/page/v1/stream");
    expect(socket.protocol).toBe("mien.v1");
    const [hello, frame] = socket.sent as [string, ArrayBuffer];
    expect(JSON.parse(hello)).toEqual({
      schema: "mien.row/1",
      token: "secret-of-16-signs",
      every: 3,
      smoothing_s: 0.3,
    });
    expect(new Uint8Array(frame, 12)).toEqual(PICTURE);
    expect(answer.row).toEqual({ ...ROW, source: "camera", frame: 0 });
    expect(answer).toMatchObject({ heat: [], dropped: 0, ms: { detect: null, model: null } });
  });

  it("sends the next frame when the last one is answered, so that none is left out", async () => {
    const engine = await opened();
    const { socket } = await live(engine);
    const second = engine.read(bitmap(), 0.1);
    const third = engine.read(bitmap(), 0.2);
    await sentBy(socket, 3);
    socket.says({ ...ROW, id: 1, dropped: 2 });
    expect((await second).dropped).toBe(2);
    await sentBy(socket, 4);
    socket.says({ ...ROW, id: 2, dropped: 2 });
    expect((await third).row.frame).toBe(2);
  });

  it("fails a frame that cannot be read and goes on", async () => {
    const engine = await opened();
    const { socket } = await live(engine);
    const { schema, source } = ROW;
    for (const [type, trouble] of [
      ["ImageDecodeError", "picture-unreadable"],
      ["RuntimeError", "defect"],
    ]) {
      const reading = engine.read(bitmap(), 1);
      await sentBy(socket, socket.sent.length + 1);
      const id = socket.sent.length - 2;
      socket.says({ schema, source, error: { type, message: "why" }, id, dropped: 0 });
      await expect(reading).rejects.toMatchObject({ trouble, message: "why" });
    }
    expect(socket.closedWith).toBeNull();
  });

  it.each([
    [4401, "the token is missing or wrong", "server-refused"],
    [4408, "no frame for 60 s", "server-lost"],
    [1008, "this server speaks the subprotocol mien.v1", "server-forbidden"],
    [1012, "the reason", "server-lost"],
    [1013, "the reason", "server-busy"],
    [1006, "the reason", "server-lost"],
  ])("close code %i, %s, is %s", async (code, reason, trouble) => {
    const engine = await opened();
    const { socket } = await live(engine);
    const reading = engine.read(bitmap(), 1);
    await sentBy(socket, 3);
    socket.ends(code, reason);
    await expect(reading).rejects.toMatchObject({ trouble, message: reason });
  });

  it("connects again after a pause, and no track number comes twice", async () => {
    const engine = await opened();
    const { answer, socket } = await live(engine);
    socket.ends(4408, "no frame for 60 s");
    const { answer: again } = await live(engine);
    const [before, after] = [answer, again].map(({ row }) => row.faces.map(({ track }) => track));
    expect(before).toEqual([null, 0, 1]);
    expect(after).toEqual([null, 2, 3]);
    expect(again.row.frame).toBe(1);
  });

  it("begins a new source on a new connection", async () => {
    const engine = await opened();
    const { socket } = await live(engine);
    await engine.begin({ ...LIVE, source: "clip" });
    expect(socket.closedWith).toBe(1000);
    const { answer } = await live(engine);
    expect(answer.row).toMatchObject({ source: "clip", frame: 0, faces: [{}, { track: 0 }, {}] });
  });

  it("asks for the reason where a connection is refused", async () => {
    const engine = await opened();
    serve({ "/v1/model": () => Response.json({}, { status: 401 }) });
    const refused = engine.read(bitmap(), 0);
    const socket = await socketAt(1);
    socket.ends(1006);
    await expect(refused).rejects.toMatchObject({ trouble: "server-refused" });
    serve();
    const lost = engine.read(bitmap(), 0);
    (await socketAt(2)).ends(1006);
    await expect(lost).rejects.toMatchObject({ trouble: "server-lost" });
  });

  it.each([
    ["no JSON", "hello"],
    ["no row", { id: 1, dropped: 0 }],
    ["a damaged face", { ...ROW, faces: [{ box: [1, 2, 3] }], id: 1, dropped: 0 }],
  ])("an answer that is %s is a defect", async (_, message) => {
    const engine = await opened();
    const { socket } = await live(engine);
    const reading = engine.read(bitmap(), 1);
    await sentBy(socket, 3);
    socket.says(message);
    await expect(reading).rejects.toMatchObject({ trouble: "defect" });
  });

  it("gives a server up that does not answer", async () => {
    const engine = await opened();
    const { socket } = await live(engine);
    vi.useFakeTimers();
    const reading = engine.read(bitmap(), 1);
    const refusal = expect(reading).rejects.toMatchObject({ trouble: "server-lost" });
    await vi.advanceTimersByTimeAsync(30_000);
    await refusal;
    expect(socket.closedWith).toBe(1000);
  });

  it("rejects what waits and all that follows when it is closed", async () => {
    const engine = await opened();
    const { socket } = await live(engine);
    const frame = bitmap();
    const reading = engine.read(frame, 1);
    await sentBy(socket, 3);
    await engine.close();
    const closed = { trouble: "defect", message: expect.stringContaining("closed") };
    await expect(reading).rejects.toMatchObject(closed);
    await expect(engine.read(bitmap(), 2)).rejects.toMatchObject(closed);
    expect(frame.close).toHaveBeenCalledOnce();
    expect(FakeSocket.all).toHaveLength(1);
  });

  it("refuses frames before a source was begun", async () => {
    const engine = await openServer(BASE, null);
    const reading = engine.read(bitmap(), 0);
    await expect(reading).rejects.toMatchObject({ message: expect.stringContaining("begin") });
  });
});

describe("the limits of the server", () => {
  const limits = { body_bytes: 1000, frame_bytes: 500, pixels: 40_000 };
  const limited = (given: object) =>
    serve({ "/v1/model": () => Response.json({ ...FACTS, limits: given }) });

  it("are kept to by quality first, which the next frame begins with", async () => {
    limited({ frame_bytes: 500 });
    bytesOf = (_w, _h, quality) => (quality > 0.65 ? 501 : 500);
    const engine = await opened();
    const { answer, socket } = await live(engine);
    expect(answer.row.faces[0]?.box).toEqual(ROW.faces[0]?.box);
    expect(made.map(({ quality }) => quality)).toEqual([0.9, 0.8, 0.65]);
    const next = engine.read(bitmap(), 1);
    await sentBy(socket, 3);
    socket.says({ ...ROW, id: 1, dropped: 0 });
    await next;
    expect(made).toHaveLength(4);
    await engine.begin(LIVE);
    await live(engine);
    expect(made[4]?.quality).toBe(0.9);
  });

  it("of pixels and bytes make a picture smaller, and its row large again", async () => {
    const facts = { ...FACTS, limits };
    serve({
      "/v1/model": () => Response.json(facts),
      "/v1/analyze": () => {
        const { width, height } = made.at(-1) as { width: number; height: number };
        return Response.json({ ...ROW, width, height, frame: 0, time_s: null });
      },
    });
    bytesOf = (width, height) => Math.round((width * height) / 20);
    const engine = await opened();
    const { row } = await engine.read(bitmap(800, 200), null);
    expect(made[0]).toEqual({ width: 400, height: 100, quality: 0.9 });
    expect(made.at(-1)).toEqual({ width: 280, height: 70, quality: 0.8 } satisfies object);
    expect([row.width, row.height]).toEqual([800, 200]);
    const [before, after] = [ROW.faces[1], row.faces[1]];
    const times = 800 / 280;
    expect(after?.box).toEqual(before?.box.map((value) => value * times));
    expect(after?.landmarks?.[2]).toEqual(before?.landmarks?.[2]?.map((value) => value * times));
  });

  it("that cannot be kept are told before anything is sent", async () => {
    limited(limits);
    bytesOf = () => 1001;
    const engine = await opened();
    for (const timeS of [null, 1]) {
      await expect(engine.read(bitmap(), timeS)).rejects.toMatchObject({
        trouble: "server-too-large",
        message: expect.stringContaining("1001"),
      });
    }
    expect(requests).toHaveLength(1);
    expect(FakeSocket.all).toHaveLength(0);
  });

  it("that it did not tell are found: 413 makes the picture smaller", async () => {
    let refused = 0;
    serve({
      "/v1/analyze": () =>
        ++refused < 3 ? Response.json({}, { status: 413 }) : Response.json({ ...ROW, frame: 0 }),
    });
    const engine = await opened();
    await engine.read(bitmap(), null);
    expect(made.map(({ quality }) => quality)).toEqual([0.9, 0.8, 0.65]);
  });

  it("that nothing meets are the server's own problem", async () => {
    serve({ "/v1/analyze": () => Response.json({}, { status: 413 }) });
    const engine = await opened();
    await expect(engine.read(bitmap(), null)).rejects.toMatchObject({
      trouble: "server-too-large",
      message: "the server answers 413",
    });
    expect(made.at(-1)).toMatchObject({ width: Math.floor(ROW.width / 4) });
  });

  it("go on on a new connection after 1009, with the same frame", async () => {
    const engine = await opened();
    const { socket } = await live(engine);
    const reading = engine.read(bitmap(), 1);
    await sentBy(socket, 3);
    socket.ends(1009, "a frame may have 500 bytes");
    const again = await socketAt(2);
    again.opens();
    await sentBy(again, 2);
    again.says({ ...ROW, id: 0, dropped: 0 });
    const { row } = await reading;
    expect(row.frame).toBe(1);
    expect(made.map(({ quality }) => quality)).toEqual([0.9, 0.9, 0.8]);
  });
});

describe("messages", () => {
  it("writes id and time little-endian before the picture", () => {
    const message = frameBytes(0x01020304, 1.5, PICTURE.buffer);
    const bytes = Array.from(new Uint8Array(message));
    expect(bytes.slice(0, 4)).toEqual([4, 3, 2, 1]);
    expect(new DataView(message).getFloat64(4, true)).toBe(1.5);
    expect(bytes.slice(12)).toEqual(Array.from(PICTURE));
  });

  it("leaves the token out where there is none", () => {
    const said = helloText({ token: null, every: 1, smoothingS: 0 });
    expect(JSON.parse(said)).toEqual({ schema: "mien.row/1", every: 1, smoothing_s: 0 });
  });
});
