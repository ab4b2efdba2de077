import { afterEach, describe, expect, it, vi } from "vitest";
import { checkWasm, configureRuntime, openGraph } from "../../../src/engine/runtime";
import { troubleOf } from "../../../src/engine/trouble";
import { EngineError } from "../../../src/engine/types";

afterEach(() => vi.unstubAllGlobals());

describe("troubleOf", () => {
  it.each([
    [new RangeError("Array buffer allocation failed"), "out-of-memory"],
    [new RangeError("Invalid typed array length: 99"), "out-of-memory"],
    [new RangeError("WebAssembly.Memory(): could not allocate memory"), "out-of-memory"],
    [new Error("Aborted(OOM)"), "out-of-memory"],
    [new Error("ERROR_MESSAGE: std::bad_alloc"), "out-of-memory"],
    [new RangeError("Maximum call stack size exceeded"), "defect"],
    [new WebAssembly.CompileError("refused"), "wasm-blocked"],
    [new ReferenceError("WebAssembly is not defined"), "wasm-blocked"],
    [new Error("zoom is undefined"), "defect"],
    ["thrown text", "defect"],
    [42, "defect"],
  ])("%s: %s", (error, trouble) => {
    expect(troubleOf(error, "defect").trouble).toBe(trouble);
  });

  it("keeps what is known already", () => {
    const known = new EngineError("server-busy", "later");
    expect(troubleOf(known, "defect")).toBe(known);
  });
});

describe("the runtime", () => {
  it("is blocked where nothing may be compiled", () => {
    expect(() => checkWasm()).not.toThrow();
    vi.stubGlobal("WebAssembly", {
      Module: class {
        constructor() {
          throw new EvalError("Refused to compile or instantiate WebAssembly module");
        }
      },
    });
    expect(() => checkWasm()).toThrow(expect.objectContaining({ trouble: "wasm-blocked" }));
    vi.stubGlobal("WebAssembly", undefined);
    expect(() => checkWasm()).toThrow(expect.objectContaining({ trouble: "wasm-blocked" }));
  });

  it("refuses a page of a host in the place of its file", () => {
    const script = new URL("http://host/runtime/x.mjs");
    const wasm = new TextEncoder().encode("<!doctype html>");
    expect(() => configureRuntime({ script, wasm, threads: 1 })).toThrow(
      expect.objectContaining({ trouble: "model-corrupt" }),
    );
  });

  it("refuses bytes that are no graph", async () => {
    await expect(openGraph(new Uint8Array(64))).rejects.toMatchObject({
      trouble: "model-corrupt",
    });
  });
});
