import { afterEach, describe, expect, it, vi } from "vitest";
import { Api } from "../../../src/engine/api";
import { type SampleError, ServerSamples } from "../../../src/engine/samples";
import { type Answer, serveFiles } from "./made-files";

const BASE = new URL("https://host:8000/page/");
const TOKEN = "secret-of-16-signs";
const FACE = {
  picture: new Blob([new Uint8Array([1, 2, 3])], { type: "image/png" }),
  box: [1, 2, 30.5, 40] as const,
  landmarks: [
    [8, 10],
    [20, 10],
    [14, 16],
    [9, 25],
    [19, 25],
  ] as const,
};
const SAMPLE = { id: "5f0c", session: "kX3v", label: "happy" };
const PAGE = {
  samples: [SAMPLE],
  next: 1,
  total: 2,
  counts: { happy: 2 },
  sessions: [
    { session: "kX3v", version: "1", began: "2026-11-20T20:36:43+00:00", counts: { happy: 2 } },
  ],
};
const DELETED = { deleted: { samples: 2, sessions: 1 }, note: "models are not changed" };

function served(answers: Readonly<Record<string, () => Answer>>, token: string | null = null) {
  const requests = serveFiles(answers);
  return { samples: new ServerSamples(new Api(BASE, token)), requests };
}

const refusal = (status: number, error: object = {}) => Response.json({ error }, { status });

afterEach(() => vi.unstubAllGlobals());

describe("the samples of a server", () => {
  it("are begun with the words and their version", async () => {
    const { samples, requests } = served({
      "/page/v1/sessions": () => Response.json({ session: "kX3v", version: "1" }, { status: 201 }),
    });
    expect(await samples.begin({ version: "1", words: "I agree." })).toBe("kX3v");
    expect(requests[0]?.method).toBe("POST");
    expect(await requests[0]?.json()).toEqual({ version: "1", words: "I agree." });
  });

  it("are sent with their face, and the token in a header only", async () => {
    const { samples, requests } = served({ "/v1/samples": () => Response.json(SAMPLE) }, TOKEN);
    expect(await samples.add("kX3v", "1", "happy", FACE)).toEqual(SAMPLE);
    const request = requests[0] as Request;
    expect(request.headers.get("authorization")).toBe(`Bearer ${TOKEN}`);
    expect(request.url).not.toContain("secret");
    const form = await request.formData();
    expect(JSON.parse(String(form.get("sample")))).toEqual({
      session: "kX3v",
      consent: "1",
      label: "happy",
      box: FACE.box,
      landmarks: FACE.landmarks,
    });
    expect((form.get("image") as File).size).toBe(3);
  });

  it("leave out landmarks that a detector has not", async () => {
    const { samples, requests } = served({ "/v1/samples": () => Response.json(SAMPLE) });
    await samples.add("kX3v", "1", "happy", { ...FACE, landmarks: null });
    const form = await (requests[0] as Request).formData();
    expect(JSON.parse(String(form.get("sample")))).not.toHaveProperty("landmarks");
  });

  it("are listed by page and session", async () => {
    const { samples, requests } = served({ "/v1/samples": () => Response.json(PAGE) });
    const page = await samples.page({ session: "k&3", after: 7, limit: 60 });
    expect(page).toMatchObject({ samples: [SAMPLE], next: 1, total: 2, counts: { happy: 2 } });
    expect(Object.fromEntries(new URL(requests[0]?.url ?? "").searchParams)).toEqual({
      limit: "60",
      session: "k&3",
      after: "7",
    });
  });

  it("are deleted one by one, by session, or all", async () => {
    const answers = { "/v1/samples/5f0c": () => Response.json(DELETED) };
    const { samples, requests } = served({
      ...answers,
      "/v1/samples": () => Response.json(DELETED),
    });
    expect(await samples.deleteSample("5f0c")).toEqual({
      samples: 2,
      sessions: 1,
      note: "models are not changed",
    });
    await samples.deleteSession("k=3");
    await samples.deleteAll();
    expect(requests.map(({ method }) => method)).toEqual(["DELETE", "DELETE", "DELETE"]);
    expect(requests.map(({ url }) => url.slice(BASE.href.length))).toEqual([
      "v1/samples/5f0c",
      "v1/samples?session=k%3D3",
      "v1/samples",
    ]);
  });

  it("are shown as files", async () => {
    const { samples } = served({ "/v1/samples/a%2Fb": () => new Response("png") });
    expect(await (await samples.crop("a/b")).text()).toBe("png");
  });

  it("may have the labels and the size that the server tells", async () => {
    const facts = { labels: ["happy", "sad"], limits: { body_bytes: 5000 } };
    const { samples } = served({ "/v1/model": () => Response.json(facts) });
    expect(await samples.facts()).toEqual({ labels: ["happy", "sad"], bodyBytes: 5000 });
  });
});

describe("a refusal", () => {
  it.each([
    [400, {}, "refused"],
    [401, {}, "token"],
    [403, {}, "consent"],
    [404, {}, "off"],
    [408, {}, "lost"],
    [409, { limit: "max_session_samples" }, "session-full"],
    [409, { limit: "max_sessions" }, "sessions-full"],
    [409, { limit: "max_samples" }, "samples-full"],
    [409, { limit: "max_sample_bytes" }, "bytes-full"],
    [409, {}, "samples-full"],
    [413, {}, "too-large"],
    [415, {}, "format"],
    [422, {}, "unreadable"],
    [503, {}, "busy"],
    [500, {}, "refused"],
  ])("of a sample by %i %j is %s", async (status, error, trouble) => {
    const { samples } = served({
      "/v1/samples": () => refusal(status, { message: "told", ...error }),
    });
    const sending = samples.add("kX3v", "1", "happy", FACE);
    await expect(sending).rejects.toMatchObject({ trouble, message: "told" });
  });

  it("by 403 is about the address where no consent is asked for", async () => {
    const { samples } = served({ "/v1/sessions": () => refusal(403) });
    const beginning = samples.begin({ version: "1", words: "I agree." });
    await expect(beginning).rejects.toMatchObject({ trouble: "forbidden" });
  });

  it("by 404 means that a sample or session is gone", async () => {
    const { samples } = served({});
    for (const asked of [
      samples.deleteSample("x"),
      samples.deleteSession("x"),
      samples.crop("x"),
    ]) {
      await expect(asked).rejects.toMatchObject({ trouble: "gone" });
    }
  });

  it("is also no answer, and an answer of something else", async () => {
    const lost = async (answer: () => Answer): Promise<SampleError["trouble"]> => {
      const { samples } = served({ "/v1/samples": answer });
      return samples.page({ limit: 1 }).then(
        () => expect.unreachable(),
        (error: SampleError) => error.trouble,
      );
    };
    expect(await lost(() => new TypeError("network"))).toBe("lost");
    expect(await lost(() => new Response("<!doctype html>"))).toBe("lost");
    expect(await lost(() => Response.json({ ...PAGE, counts: { happy: -1 } }))).toBe("lost");
  });
});
