// @vitest-environment happy-dom
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { graphicsFiles } from "../../../src/engine/graphicsFiles";
import { checkWasm } from "../../../src/engine/runtime";
import { de } from "../../../src/texts/de";
import { en } from "../../../src/texts/en";
import { Boundary } from "../../../src/ui/Boundary";

function Broken({ error }: { readonly error: Error }): never {
  throw error;
}

function draw(error: Error, language = "en"): void {
  localStorage.setItem("mien.settings/1", JSON.stringify({ language }));
  render(
    <Boundary>
      <Broken error={error} />
    </Boundary>,
  );
}

beforeEach(() => {
  localStorage.clear();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("a page that cannot be drawn", () => {
  it("shows the trouble with its detail and a way to reload", () => {
    draw(new Error("no such view"));
    expect(screen.getByRole("alert").textContent).toContain(en["problem.defect"]);
    expect(screen.getByText("Error: no such view")).toBeTruthy();
    const reload = vi.fn();
    vi.spyOn(globalThis.location, "reload").mockImplementation(reload);
    screen.getByRole("button", { name: en["action.reload"] }).click();
    expect(reload).toHaveBeenCalledOnce();
  });

  it("speaks the language of the settings", () => {
    draw(new Error("no such view"), "de");
    expect(screen.getByRole("heading", { name: de["problem.defect"] })).toBeTruthy();
  });

  it("names WebAssembly where that is what is missing", () => {
    draw(new ReferenceError("WebAssembly is not defined"));
    expect(screen.getByRole("heading", { name: en["problem.wasm-blocked"] })).toBeTruthy();
  });

  it("does not stand in the way of one that can", () => {
    render(<Boundary>all is well</Boundary>);
    expect(screen.getByText("all is well")).toBeTruthy();
  });
});

describe("a browser without WebAssembly", () => {
  beforeEach(() => {
    vi.stubGlobal("navigator", { gpu: {}, languages: ["en"] });
    vi.stubGlobal("WebAssembly", undefined);
  });

  it("has no graphics card to offer, and says so without throwing", () => {
    expect(graphicsFiles()).toBeNull();
  });

  it("is refused with the trouble that has a text", () => {
    expect(() => checkWasm()).toThrow(expect.objectContaining({ trouble: "wasm-blocked" }));
  });
});
