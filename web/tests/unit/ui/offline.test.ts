import { describe, expect, it } from "vitest";
import { ruledBy, ruleFor } from "../../../src/offline/rules";

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

  it("is void when its index has changed", () => {
    expect(ruledBy("models.json")).toBe("detectors/");
    expect(ruledBy("models/tiny/card.json")).toBe("models/tiny/");
  });
});
