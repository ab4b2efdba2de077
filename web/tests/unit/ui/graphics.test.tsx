// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OpenOptions } from "../../../src/app/services";
import type { GraphicsReport, ModelInfo } from "../../../src/engine/types";
import { LANGUAGES, type Language } from "../../../src/texts";
import { en } from "../../../src/texts/en";
import { wordsOf } from "../../../src/texts/words";
import { App } from "../../../src/ui/App";
import { outcome } from "../../../src/ui/GraphicsChoice";
import { FakeEngine, fakeServices } from "../../fake/engine";

const REPORT: GraphicsReport = {
  reason: "faster",
  wasmMs: 6.61,
  webgpuMs: 3.12,
  difference: 1e-6,
  detail: "",
};
const box = () => screen.queryByLabelText<HTMLInputElement>(en["settings.graphics"]);

/** A browser with or without WebGPU and JSPI. */
function browser(gpu: boolean, jspi = gpu): void {
  vi.stubGlobal("navigator", Object.assign(Object.create(navigator), gpu ? { gpu: {} } : {}));
  vi.stubGlobal("WebAssembly", jspi ? { Suspending: Object } : {});
}

/** The page with a reader on WebGPU where that is wished. Returns what it was opened with. */
function open(settings: object = {}): OpenOptions[] {
  localStorage.setItem(
    "mien.settings/1",
    JSON.stringify({ language: "en", noted: true, ...settings }),
  );
  const fake = fakeServices();
  const asked: OpenOptions[] = [];
  const openEngine: typeof fake.openEngine = async (mode, options) => {
    asked.push(options);
    const { info } = await fake.openEngine(mode, options);
    const card = { ...info, backend: "webgpu", graphics: REPORT } as const;
    return new FakeEngine(options.graphics === "faster" ? card : info, {});
  };
  render(<App services={{ ...fake, openEngine }} />);
  return asked;
}

beforeEach(() => localStorage.clear());
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("the switch for the graphics card", () => {
  it("is off at first, and says how much it fetches", async () => {
    browser(true);
    const asked = open();
    expect(box()?.checked).toBe(false);
    expect(screen.getByText(/Fetches up to 16\.8 MB/)).toBeTruthy();
    await waitFor(() => expect(asked.map(({ graphics }) => graphics)).toEqual(["off"]));
  });

  it("opens the reader anew, and says what is used and why", async () => {
    browser(true);
    const asked = open();
    fireEvent.click(box() as HTMLInputElement);
    await screen.findByText("6.6 ms a face with WASM, 3.1 ms with WebGPU: using WebGPU.");
    expect(screen.getByText("WebGPU")).toBeTruthy(); // beside the frame rate
    const { onInfo } = asked.at(-1) as OpenOptions;
    const report = { ...REPORT, reason: "lost", detail: "unknown" } as const;
    const info = {
      name: "tiny",
      precision: "fp32",
      labels: [],
      threshold: 0.4,
      threads: 2,
    } as const;
    const changed: ModelInfo = { ...info, backend: "wasm", graphics: report };
    act(() => onInfo?.(changed));
    expect(screen.getByText(/^The graphics card was lost: .* unknown$/)).toBeTruthy();
    expect(screen.getByText("2 threads")).toBeTruthy();
  });

  it.each([
    [false, false],
    [true, false],
    [false, true],
  ])("is not there where it cannot work: WebGPU %s, JSPI %s", (gpu, jspi) => {
    browser(gpu, jspi);
    open();
    expect(box()).toBeNull();
  });

  it("is not there, and wishes nothing, where the server reads", async () => {
    browser(true);
    const asked = open({ mode: "server", graphics: true });
    expect(box()).toBeNull();
    await waitFor(() => expect(asked.at(-1)?.graphics).toBe("off"));
  });
});

const reasons = ["faster", "slower", "different", "software", "missing", "failed", "lost"] as const;

it.each(Object.keys(LANGUAGES) as Language[])("says all that can come of it in %s", (language) => {
  const words = wordsOf(language);
  const said = reasons.map((reason) => outcome({ ...REPORT, reason, detail: "D" }, words));
  expect(new Set(said).size).toBe(reasons.length);
  for (const text of said) {
    expect(text).toMatch(/WASM/);
    expect(text).not.toMatch(/[{}]/);
  }
  for (const text of said.slice(0, 2)) {
    expect(text).toContain(words.number(6.6, 1));
    expect(text).toContain(words.number(3.1, 1));
  }
});
