import { afterEach, describe, expect, it, vi } from "vitest";
import { fetchFile, fetchText } from "../../../src/engine/files";
import { serveFiles, sha256 } from "./made-files";

const URL_A = new URL("http://host/page/a.onnx");

afterEach(() => vi.unstubAllGlobals());

/** A body in pieces, as a network brings it. */
function pieces(...texts: string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const text of texts) controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
}

describe("fetchFile", () => {
  it("gives the bytes and tells how far it is", async () => {
    serveFiles({
      "a.onnx": () => new Response(pieces("ab", "c"), { headers: { "content-length": "3" } }),
    });
    const told: unknown[] = [];
    const data = await fetchFile({ url: URL_A, onBytes: (...all) => told.push(all) });
    expect(new TextDecoder().decode(data)).toBe("abc");
    expect(told).toEqual([
      [2, 3],
      [3, 3],
    ]);
  });

  it("does not take the length of compressed bytes for that of the file", async () => {
    const headers = { "content-length": "2", "content-encoding": "br" };
    serveFiles({ "a.onnx": () => new Response(pieces("abc"), { headers }) });
    const told: unknown[] = [];
    await fetchFile({ url: URL_A, onBytes: (...all) => told.push(all) });
    await fetchFile({ url: URL_A, bytes: 3, onBytes: (...all) => told.push(all) });
    expect(told).toEqual([
      [3, null],
      [3, 3],
    ]);
  });

  it("accepts the right hash and refuses another", async () => {
    serveFiles({ "a.onnx": () => new Response("abc") });
    await fetchFile({ url: URL_A, sha256: sha256("abc").toUpperCase() });
    await expect(fetchFile({ url: URL_A, sha256: sha256("abd") })).rejects.toMatchObject({
      trouble: "model-corrupt",
      message: expect.stringContaining("a.onnx is not the file"),
    });
  });

  it("does without hashes where the origin is insecure", async () => {
    serveFiles({ "a.onnx": () => new Response("abc") });
    vi.stubGlobal("crypto", {});
    await expect(fetchFile({ url: URL_A, sha256: sha256("abd") })).resolves.toHaveLength(3);
  });

  it.each([
    ["404", () => new Response("", { status: 404 }), "model-missing", "the host answers 404"],
    ["500", () => new Response("", { status: 500 }), "model-missing", "the host answers 500"],
    ["no network", () => new TypeError("Failed to fetch"), "model-missing", "Failed to fetch"],
    ["a short file", () => new Response("ab"), "model-corrupt", "expected 3 bytes, got 2"],
    [
      "no memory",
      () => new RangeError("Array buffer allocation failed"),
      "out-of-memory",
      "allocation failed",
    ],
  ])("fails on %s", async (_, answer, trouble, message) => {
    serveFiles({ "a.onnx": answer });
    await expect(fetchFile({ url: URL_A, bytes: 3 })).rejects.toMatchObject({
      trouble,
      message: expect.stringContaining(message),
    });
  });
});

describe("fetchText", () => {
  it("asks the host each time", async () => {
    const requests = serveFiles({ "card.json": () => new Response("{}") });
    expect(await fetchText(new URL("http://host/card.json"))).toBe("{}");
    expect(requests.map(({ cache }) => cache)).toEqual(["no-cache"]);
  });

  it("fails where there is no such file, and without a network", async () => {
    serveFiles({ "b.json": () => new TypeError("Failed to fetch") });
    for (const name of ["a.json", "b.json"]) {
      const failing = fetchText(new URL(`http://host/${name}`));
      await expect(failing).rejects.toMatchObject({ trouble: "model-missing" });
    }
  });
});
