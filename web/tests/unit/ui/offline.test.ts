import { describe, expect, it } from "vitest";
import { newestIndex, type Store } from "../../../src/offline/indexes";
import { ruleFor } from "../../../src/offline/rules";

const precached = new Set(["", "assets/index-abc.js", "icon.svg"]);
const rule = (path: string, method = "GET", navigation = false) =>
  ruleFor(path, method, navigation, precached);

describe("what the service worker keeps", () => {
  it.each([
    ["assets/index-abc.js", "page"],
    ["icon.svg", "page"],
    ["models.json", "index"],
    ["models/tiny/card.json", "index"],
    ["models/tiny/model.int8.onnx", "asset"],
    ["detectors/pnet.onnx", "asset"],
    ["runtime/ort-wasm-simd-threaded.wasm", "asset"],
    ["v1/model", "network"],
    ["v1/analyze", "network"],
    ["healthz", "network"],
    ["modelsx/a", "network"],
  ])("%s: %s", (path, expected) => {
    expect(rule(path)).toBe(expected);
  });

  it("is the page for its own address only", () => {
    expect(rule("", "GET", true)).toBe("page");
    expect(rule("index.html", "GET", true)).toBe("page");
    expect(rule("docs", "GET", true)).toBe("network");
  });

  it("is nothing that was sent", () => {
    expect(rule("models.json", "POST")).toBe("network");
  });
});

/** What a host keeps and is asked for. */
class FakeStore implements Store {
  readonly kept = new Map<string, string>();

  constructor(files: Readonly<Record<string, string>>) {
    for (const [path, text] of Object.entries(files)) {
      this.kept.set(`${BASE.href}${path}`, text);
    }
  }

  async match(url: string): Promise<Response | undefined> {
    const text = this.kept.get(url);
    return text === undefined ? undefined : new Response(text);
  }

  async put(url: string, answer: Response): Promise<void> {
    this.kept.set(url, await answer.text());
  }

  async keys(): Promise<readonly { url: string }[]> {
    return [...this.kept.keys()].map((url) => ({ url }));
  }

  async delete(url: string): Promise<boolean> {
    return this.kept.delete(url);
  }

  get paths(): string[] {
    return [...this.kept.keys()].map((url) => url.slice(BASE.href.length)).sort();
  }
}

const BASE = new URL("https://host/page/");
const listOf = (...names: string[]) =>
  JSON.stringify({ models: names.map((name) => ({ name, folder: `models/${name}` })) });
const KEPT = {
  "models.json": listOf("small", "tiny"),
  "models/small/card.json": "{}",
  "models/small/model.onnx": "s",
  "models/tiny/card.json": "{}",
  "models/tiny/model.onnx": "t",
  "models/tiny-2/model.onnx": "left over",
  "detectors/pnet.onnx": "p",
};

async function asked(path: string, answer: Response | Error, files: object = KEPT) {
  const store = new FakeStore(files as Record<string, string>);
  const urls: string[] = [];
  const found = await newestIndex(store, BASE, path, async (url) => {
    urls.push(url);
    if (answer instanceof Error) throw answer;
    return answer;
  });
  await found.kept;
  expect(urls).toEqual([`${BASE.href}${path}`]);
  return { store, text: await found.answer.text(), status: found.answer.status };
}

describe("a new list of models", () => {
  it("deletes what it does not name, and the detector, which may be another one", async () => {
    const list = listOf("tiny", "base");
    const { store, text } = await asked("models.json", new Response(list));
    expect(text).toBe(list);
    expect(store.paths).toEqual(["models.json", "models/tiny/card.json", "models/tiny/model.onnx"]);
    expect(store.kept.get(`${BASE.href}models.json`)).toBe(list);
  });

  it("that is the same deletes only what no list names", async () => {
    const { store } = await asked("models.json", new Response(KEPT["models.json"]));
    const left = Object.keys(KEPT).filter((path) => !path.includes("tiny-2"));
    expect(store.paths).toEqual(left.sort());
  });

  it.each(["<!doctype html>", "{}", "[]", '{"models": [{}]}'])(
    "that is none deletes no model: %s",
    async (text) => {
      const { store } = await asked("models.json", new Response(text));
      expect(store.paths).toContain("models/small/model.onnx");
    },
  );
});

describe("a card", () => {
  it("that has changed makes its own folder void", async () => {
    const { store } = await asked("models/tiny/card.json", new Response('{"a": 1}'));
    expect(store.paths).toContain("models/tiny/card.json");
    expect(store.paths).not.toContain("models/tiny/model.onnx");
    expect(store.paths).toContain("models/small/model.onnx");
    expect(store.paths).toContain("models/tiny-2/model.onnx");
  });
});

describe("where the host fails, the kept index is given", () => {
  it.each([403, 429, 500, 502, 503])("status %i", async (status) => {
    const { store, text } = await asked("models.json", new Response("no", { status }));
    expect(text).toBe(KEPT["models.json"]);
    expect(store.paths).toEqual(Object.keys(KEPT).sort());
  });

  it("without a network", async () => {
    const { text } = await asked("models.json", new TypeError("Failed to fetch"));
    expect(text).toBe(KEPT["models.json"]);
  });

  it("but not where it says that the file is gone, or nothing is kept", async () => {
    expect(await asked("models.json", new Response("no", { status: 404 }))).toMatchObject({
      text: "no",
      status: 404,
    });
    const none = await asked("models.json", new Response("no", { status: 503 }), {});
    expect(none).toMatchObject({ status: 503 });
    expect(none.store.paths).toEqual([]);
    await expect(asked("models.json", new TypeError("lost"), {})).rejects.toThrow("lost");
  });
});
