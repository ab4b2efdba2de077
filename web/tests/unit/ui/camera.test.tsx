// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Services } from "../../../src/app/services";
import { type Engine, EngineError, type Mode } from "../../../src/engine/types";
import { en } from "../../../src/texts/en";
import { App } from "../../../src/ui/App";
import { fakeServices } from "../../fake/engine";

/** A track that stays live until it is stopped, and the camera that gives it. */
class FakeTrack extends EventTarget {
  readyState = "live";
  enabled = true;

  stop(): void {
    this.readyState = "ended";
  }
}

let tracks: FakeTrack[];

beforeEach(() => {
  tracks = [];
  localStorage.clear();
  const getUserMedia = async () => {
    const track = new FakeTrack();
    tracks.push(track);
    return { getTracks: () => [track], getVideoTracks: () => [track] };
  };
  const devices = Object.assign(new EventTarget(), {
    getUserMedia,
    enumerateDevices: async () => [],
  });
  vi.stubGlobal("navigator", Object.assign(Object.create(navigator), { mediaDevices: devices }));
  const video = globalThis.HTMLVideoElement.prototype;
  vi.spyOn(video, "play").mockResolvedValue();
  Object.assign(video, {
    requestVideoFrameCallback: (take: () => void) => setTimeout(take, 5, 0, { mediaTime: 0 }),
    cancelVideoFrameCallback: clearTimeout,
  });
  Object.defineProperty(video, "srcObject", { value: null, writable: true, configurable: true });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const live = (): number => tracks.filter((track) => track.readyState === "live").length;

function open(services: Services, settings: object = {}): void {
  const all = { language: "en", noted: true, ...settings };
  localStorage.setItem("mien.settings/1", JSON.stringify(all));
  render(<App services={services} />);
  fireEvent.keyDown(document.body, { key: "c" });
}

const press = (name: string) => fireEvent.click(screen.getByRole("button", { name }));

describe("the camera", () => {
  it("is let go when the reader fails while it reads, and comes back when tried again", async () => {
    let broken = false;
    const fake = fakeServices();
    const bitmap = { width: 64, height: 48, close: () => undefined };
    vi.stubGlobal("createImageBitmap", async () => bitmap);
    const openEngine: Services["openEngine"] = async (mode, options) => {
      const engine = await fake.openEngine(mode, options);
      const read: Engine["read"] = (frame, timeS) =>
        broken ? Promise.reject(new EngineError("server-lost", "gone")) : engine.read(frame, timeS);
      return {
        info: engine.info,
        begin: (o) => engine.begin(o),
        close: () => engine.close(),
        read,
      };
    };
    open({ ...fake, openEngine }, { mode: "server" });
    expect(await screen.findByText("Face 1")).toBeTruthy();
    expect(live()).toBe(1);
    broken = true;
    expect((await screen.findByRole("alert")).textContent).toContain(en["problem.server-lost"]);
    await waitFor(() => expect(live()).toBe(0));
    broken = false;
    press(en["action.retry"]);
    await waitFor(() => expect(live()).toBe(1));
    expect(await screen.findByText("Face 1")).toBeTruthy();
    expect(tracks).toHaveLength(2);
  });

  it("is not opened behind a reader that failed before", async () => {
    const fake = fakeServices();
    const openEngine = (_: Mode) => Promise.reject(new EngineError("model-missing", "404"));
    open({ ...fake, openEngine });
    await screen.findByRole("alert");
    await waitFor(() => expect(live()).toBe(0));
    fireEvent.keyDown(document.body, { key: "c" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(live()).toBe(0);
  });

  it("is let go when the list of models is missing", async () => {
    let fail: (error: unknown) => void = () => undefined;
    const loadListing = () =>
      new Promise<never>((_, reject) => {
        fail = reject;
      });
    open({ ...fakeServices(), loadListing });
    await waitFor(() => expect(live()).toBe(1));
    fail(new EngineError("model-missing", "404"));
    await screen.findByRole("alert");
    await waitFor(() => expect(live()).toBe(0));
  });
});
