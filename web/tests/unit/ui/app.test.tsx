// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Live } from "../../../src/app/live";
import { reduce } from "../../../src/app/reducer";
import type { OpenOptions, Services } from "../../../src/app/services";
import { defaultSettings } from "../../../src/app/settings";
import { initialState } from "../../../src/app/state";
import { EngineError, type Mode, type Trouble } from "../../../src/engine/types";
import { en } from "../../../src/texts/en";
import { wordsOf } from "../../../src/texts/words";
import { App } from "../../../src/ui/App";
import { Faces } from "../../../src/ui/Faces";
import { PageContext } from "../../../src/ui/page";
import { type FakeOptions, fakeServices } from "../../fake/engine";
import { face, LABELS, row } from "./rows";

const KEY = "mien.settings/1";

function open(options: FakeOptions = {}, settings: object = { noted: true }): void {
  localStorage.setItem(KEY, JSON.stringify({ language: "en", ...settings }));
  render(<App services={fakeServices(options)} />);
}

const button = (name: string): HTMLElement => screen.getByRole("button", { name });

beforeEach(() => localStorage.clear());
afterEach(cleanup);

describe("the first visit", () => {
  it("shows the note, loads nothing before it is read, and remembers that it was", async () => {
    localStorage.setItem(KEY, JSON.stringify({ language: "en" }));
    const services = fakeServices();
    const loadListing = vi.fn(services.loadListing);
    render(<App services={{ ...services, loadListing }} />);
    expect(screen.getByText(en["note.not.title"])).toBeTruthy();
    expect(screen.getByText(/Article 5\(1\)\(f\)/)).toBeTruthy();
    expect(loadListing).not.toHaveBeenCalled();
    fireEvent.click(button(en["note.agree"]));
    expect(screen.queryByText(en["note.title"])).toBeNull();
    expect(JSON.parse(localStorage.getItem(KEY) ?? "{}").noted).toBe(true);
    await waitFor(() => expect(loadListing).toHaveBeenCalled());
  });

  it("is not repeated, and the note can be read again", () => {
    open();
    expect(screen.queryByText(en["note.title"])).toBeNull();
    fireEvent.click(button(en["header.help"]));
    fireEvent.click(button(en["note.again"]));
    expect(screen.getByText(en["note.title"])).toBeTruthy();
  });
});

describe("the page", () => {
  it("offers three sources", () => {
    open();
    for (const source of ["camera", "picture", "video"] as const) {
      expect(screen.getByText(en[`source.${source}.text`])).toBeTruthy();
    }
  });

  it("changes language, and says so to the browser", () => {
    open();
    fireEvent.change(screen.getByLabelText(en["header.language"]), { target: { value: "de" } });
    expect(screen.getByText("Was soll mien lesen?")).toBeTruthy();
    expect(document.documentElement.lang).toBe("de");
  });

  it("changes its colours by the switch", () => {
    open({}, { noted: true, theme: "light" });
    expect(document.documentElement.dataset.theme).toBe("light");
    fireEvent.click(button(en["theme.light"]));
    expect(document.documentElement.dataset.theme).toBe("dark");
  });

  it("obeys single keys, unless they are switched off or typed into a field", () => {
    open({}, { noted: true, theme: "light" });
    fireEvent.keyDown(document.body, { key: "h" });
    expect(button(en["view.heat"]).getAttribute("aria-pressed")).toBe("true");
    fireEvent.keyDown(screen.getByLabelText(en["header.language"]), { key: "h" });
    fireEvent.keyDown(document.body, { key: "h", ctrlKey: true });
    expect(button(en["view.heat"]).getAttribute("aria-pressed")).toBe("true");
    fireEvent.click(screen.getByLabelText(en["settings.shortcuts"]));
    fireEvent.keyDown(document.body, { key: "h" });
    expect(button(en["view.heat"]).getAttribute("aria-pressed")).toBe("true");
  });

  it("has no heat map on a server, and says why", () => {
    open({}, { noted: true, mode: "server", heat: true });
    const heat = button(en["view.heat"]) as HTMLButtonElement;
    expect(heat.disabled).toBe(true);
    expect(heat.getAttribute("aria-pressed")).toBe("false");
    const why = document.getElementById(heat.getAttribute("aria-describedby") ?? "");
    expect(why?.textContent).toBe(en["view.heat.server"]);
    fireEvent.keyDown(document.body, { key: "h" });
    expect(JSON.parse(localStorage.getItem(KEY) ?? "{}").heat).toBe(true);
    fireEvent.click(screen.getByLabelText(new RegExp(`^${en["settings.device"]}`)));
    expect(heat.disabled).toBe(false);
    expect(heat.getAttribute("aria-pressed")).toBe("true");
    expect(screen.queryByText(en["view.heat.server"])).toBeNull();
  });

  it("explains all seven expressions", () => {
    open();
    fireEvent.click(button(en["header.expressions"]));
    for (const label of ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]) {
      expect(screen.getByText(en[`about.${label}` as "about.happy"])).toBeTruthy();
    }
  });

  it("says how far it has loaded", async () => {
    open({ loading: true });
    expect(await screen.findByText("5.0 MB of 6.3 MB")).toBeTruthy();
  });

  it("refuses a dropped file that it does not know", async () => {
    open();
    const file = new File(["x"], "notes.txt", { type: "text/plain" });
    fireEvent.drop(document.body, { dataTransfer: { files: [file], types: ["Files"] } });
    expect(await screen.findByText(en["problem.file-unknown"])).toBeTruthy();
  });

  it("says that this address has no camera", async () => {
    open();
    vi.stubGlobal("isSecureContext", false);
    fireEvent.keyDown(document.body, { key: "c" });
    expect(await screen.findByText(en["problem.insecure-origin"])).toBeTruthy();
    expect(screen.getAllByRole("button", { name: en["action.change"] })).toHaveLength(1);
    vi.unstubAllGlobals();
  });
});

const TROUBLES: readonly Trouble[] = [
  "model-missing",
  "model-corrupt",
  "wasm-blocked",
  "out-of-memory",
  "server-lost",
  "server-refused",
  "server-forbidden",
  "server-busy",
  "server-too-large",
  "defect",
];

describe("trouble", () => {
  it.each(TROUBLES)("%s has a panel that says what to do", async (trouble) => {
    open({ trouble }, { noted: true, mode: trouble.startsWith("server") ? "server" : "device" });
    const panel = await screen.findByRole("alert");
    expect(panel.textContent).toContain(en[`problem.${trouble}`]);
    expect(panel.textContent).toContain(en[`problem.${trouble}.do`]);
    expect(panel.querySelectorAll("button").length).toBeGreaterThan(0);
  });

  it("of the server ends when the device reads", async () => {
    open({ trouble: "server-lost" }, { noted: true, mode: "server" });
    await screen.findByRole("alert");
    fireEvent.click(button(en["action.device"]));
    expect(await screen.findByText(/tiny int8/)).toBeTruthy();
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("of a refusing server ends with the token, which is never stored", async () => {
    const fake = fakeServices();
    const openEngine = vi.fn(async (mode: Mode, options: OpenOptions) => {
      if (options.token !== "sesame") {
        throw new EngineError("server-refused", "401");
      }
      return fake.openEngine(mode, options);
    });
    const services: Services = { ...fake, openEngine };
    localStorage.setItem(KEY, JSON.stringify({ language: "en", noted: true, mode: "server" }));
    render(<App services={services} />);
    const field = await screen.findByLabelText(en["token.label"]);
    fireEvent.change(field, { target: { value: " sesame " } });
    fireEvent.click(button(en["token.send"]));
    await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
    expect(openEngine).toHaveBeenLastCalledWith(
      "server",
      expect.objectContaining({ token: "sesame" }),
    );
    expect(JSON.stringify({ ...localStorage })).not.toContain("sesame");
    expect(document.body.innerHTML).not.toContain("sesame");
  });
});

describe("the faces", () => {
  const words = wordsOf("en");
  const ready = reduce(initialState({ ...defaultSettings(["en"]), noted: true }), {
    type: "reader-ready",
    info: {
      name: "tiny",
      precision: "int8",
      labels: LABELS,
      threshold: 0.45,
      backend: "wasm",
      threads: 1,
    },
  });

  async function show(faces: Parameters<typeof row>[1]): Promise<void> {
    const live = new Live();
    const page = {
      state: ready,
      live,
      words,
      offline: fakeServices().offline,
      dispatch: () => undefined,
      choose: () => undefined,
      saveFrame: () => undefined,
    };
    render(
      <PageContext.Provider value={page}>
        <Faces />
      </PageContext.Provider>,
    );
    live.begin("camera", LABELS, true);
    const ms = { detect: null, model: null, total: 20 };
    await act(async () => {
      live.accept({ row: row(0, faces), heat: [], ms, dropped: 0 }, 0);
      await new Promise((resolve) => setTimeout(resolve, 150));
    });
  }

  it("are named with label and share", async () => {
    await show([face()]);
    expect(screen.getByText("happy 70%")).toBeTruthy();
  });

  it("are called unsure, with the reason and all bars", async () => {
    await show([face({ uncertain: true })]);
    expect(screen.getByText("unsure, perhaps happy")).toBeTruthy();
    expect(screen.getByText(/No expression reaches 45%/)).toBeTruthy();
    expect(screen.getAllByRole("listitem")).toHaveLength(LABELS.length);
  });

  it("that are none say so, and what helps", async () => {
    await show([]);
    expect(screen.getByText(en["faces.none"])).toBeTruthy();
    expect(screen.getByText(en["faces.none.text"])).toBeTruthy();
  });

  it("beyond those shown are counted", async () => {
    await show(Array.from({ length: 9 }, (_, track) => face({ track })));
    expect(screen.getByText("3 more faces")).toBeTruthy();
  });
});
