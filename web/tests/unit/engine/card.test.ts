import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseCard } from "../../../src/engine/card";
import { parseManifest } from "../../../src/engine/manifest";
import { checkGraph } from "../../../src/engine/opening";
import { madeCard, madeManifest, sha256 } from "./made-files";

const SMALL = new URL("../../../../src/mien/store/bundles/small/", import.meta.url);

describe("parseCard", () => {
  it.each(["fp32", "int8"] as const)("reads the card of the real bundle, %s", (precision) => {
    const json = readFileSync(new URL("card.json", SMALL), "utf8");
    const card = parseCard(json, precision);
    const wanted = JSON.parse(json);
    const file = wanted.files[precision];
    expect(card.facts).toEqual({
      name: "small",
      labels: wanted.labels.labels,
      temperature: file.calibration.temperature,
      threshold: file.calibration.threshold,
      boxScale: 1,
      template: wanted.geometry.template,
      inputSize: 44,
      hasActivation: true,
    });
    const model = precision === "fp32" ? "model.onnx" : "model.int8.onnx";
    expect(card.sha256).toBe(sha256(readFileSync(new URL(model, SMALL))));
  });

  it("knows a model without heat maps", () => {
    const card = parseCard(JSON.stringify(madeCard({ outputs: ["logits"] })), "fp32");
    expect(card.facts.hasActivation).toBe(false);
  });

  it.each([
    ["no JSON", "<html>", "model-corrupt", "is damaged"],
    ["a list", "[]", "model-corrupt", "card must be an object"],
    ["another schema", madeCard({ schema: "mien.bundle/2" }), "model-corrupt", "mien.bundle/2"],
    ["no name", madeCard({ name: null }), "model-corrupt", "card.name must be text, got null"],
    ["no geometry", madeCard({ geometry: undefined }), "model-corrupt", "card.geometry"],
    ["another frame", madeCard({ geometry: { frame: 96 } }), "model-corrupt", "48 pixels, got 96"],
    ["no such precision", madeCard({ files: {} }), "model-missing", "made has no fp32 file"],
  ])("refuses %s", (_, given, trouble, message) => {
    const json = typeof given === "string" ? given : JSON.stringify(given);
    expect(() => parseCard(json, "fp32")).toThrow(
      expect.objectContaining({ trouble, message: expect.stringContaining(message) }),
    );
  });
});

describe("checkGraph", () => {
  const card = parseCard(JSON.stringify(madeCard()), "fp32");
  const graph = {
    inputs: ["image", "affine"],
    outputs: ["logits", "activation"],
    run: async () => ({}),
    release: async () => {},
  };

  it("accepts the graph that the card describes", () => {
    expect(() => checkGraph(graph, card)).not.toThrow();
  });

  it.each([
    ["inputs", { inputs: ["image"] }],
    ["outputs", { outputs: ["logits"] }],
  ])("refuses other %s", (_, change) => {
    expect(() => checkGraph({ ...graph, ...change }, card)).toThrow(
      expect.objectContaining({ trouble: "model-corrupt" }),
    );
  });
});

describe("parseManifest", () => {
  it("finds models, graphs and runtime", () => {
    const manifest = parseManifest(JSON.stringify(madeManifest()));
    expect(manifest.models.map(({ name, precisions }) => [name, precisions])).toEqual([
      ["made", ["fp32", "int8"]],
    ]);
    expect(manifest.graphs.pnet).toEqual({
      path: "detectors/pnet.onnx",
      bytes: 3,
      sha256: sha256("abc"),
    });
    expect(manifest.runtime).toBe("runtime/");
    expect(manifest.collects).toBe(false);
  });

  it.each([
    [true, true],
    [false, false],
    ["yes", false],
  ])("knows from %j whether the server collects", (collects, expected) => {
    const manifest = parseManifest(JSON.stringify(madeManifest({ collects })));
    expect(manifest.collects).toBe(expected);
  });

  it.each([
    ["no JSON", "", "is damaged"],
    ["no models", JSON.stringify(madeManifest({ models: undefined })), "models must be a list"],
    [
      "no graph",
      JSON.stringify(madeManifest({ detector: { folder: "d", files: {} } })),
      "resize.onnx",
    ],
    [
      "an unknown precision",
      JSON.stringify(madeManifest({ models: [{ precisions: ["fp16"] }] })),
      'got ["fp16"]',
    ],
    [
      "no precision",
      JSON.stringify(madeManifest({ models: [{ precisions: [] }] })),
      "precisions must be",
    ],
  ])("refuses %s", (_, json, message) => {
    expect(() => parseManifest(json)).toThrow(
      expect.objectContaining({
        trouble: "model-corrupt",
        message: expect.stringContaining(message),
      }),
    );
  });
});
