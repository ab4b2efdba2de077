import { describe, expect, it } from "vitest";
import { cameraFailure, failureOf } from "../../../src/app/problems";
import { EngineError } from "../../../src/engine/types";
import { SourceError } from "../../../src/media/errors";

const named = (name: string): DOMException => new DOMException("words of the browser", name);

describe("failures of a camera", () => {
  it.each([
    ["NotAllowedError", "camera-denied"],
    ["SecurityError", "camera-denied"],
    ["NotFoundError", "no-camera"],
    ["OverconstrainedError", "no-camera"],
    ["NotReadableError", "camera-busy"],
    ["AbortError", "camera-busy"],
  ])("%s is %s", (name, problem) => {
    expect(cameraFailure(named(name))).toEqual({ problem, detail: "words of the browser" });
  });

  it("from an insecure origin is what the page said", () => {
    const error = new SourceError("insecure-origin", "http://192.0.2.1");
    expect(cameraFailure(error)).toEqual({
      problem: "insecure-origin",
      detail: "http://192.0.2.1",
    });
  });

  it("that nobody foresaw is a defect with its words", () => {
    expect(cameraFailure(new TypeError("x is no function")).problem).toBe("defect");
  });
});

describe("other failures", () => {
  it("of the reader keep their name", () => {
    expect(failureOf(new EngineError("model-corrupt", "sha256 differs"))).toEqual({
      problem: "model-corrupt",
      detail: "sha256 differs",
    });
  });

  it.each([new RangeError("Array buffer allocation failed"), new Error("Out of memory")])(
    "for want of memory say so: %s",
    (error) => {
      expect(failureOf(error).problem).toBe("out-of-memory");
    },
  );

  it.each([null, undefined, "words", 7])("that are no errors are defects: %s", (value) => {
    expect(failureOf(value)).toEqual({ problem: "defect", detail: String(value) });
  });
});
