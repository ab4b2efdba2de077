// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Services } from "../../../src/app/services";
import { EngineError, type Mode } from "../../../src/engine/types";
import { de } from "../../../src/texts/de";
import { en } from "../../../src/texts/en";
import { App } from "../../../src/ui/App";
import { fakeServices } from "../../fake/engine";

function open(settings: object = {}, services: Services = fakeServices()): void {
  const all = { language: "en", noted: true, ...settings };
  localStorage.setItem("mien.settings/1", JSON.stringify(all));
  render(<App services={services} />);
}

const button = (name: string | RegExp): HTMLElement => screen.getByRole("button", { name });

/** As a keyboard does it: the button has the focus first. */
function press(name: string | RegExp): void {
  const one = button(name);
  one.focus();
  expect(document.activeElement).toBe(one);
  fireEvent.click(one);
}

const focused = (): string => document.activeElement?.textContent ?? "";

beforeEach(() => {
  localStorage.clear();
  // A camera that is asked for and never answers.
  const devices = Object.assign(new EventTarget(), {
    getUserMedia: () => new Promise(() => undefined),
    enumerateDevices: async () => [],
  });
  vi.stubGlobal("navigator", Object.assign(Object.create(navigator), { mediaDevices: devices }));
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const camera = new RegExp(`^${en["source.camera"]}`);

describe("the focus", () => {
  it("is not taken from a page where nothing had it", async () => {
    open();
    await screen.findByText(/tiny int8/);
    expect(document.activeElement).toBe(document.body);
  });

  it("goes back to the button that opened a dialog", () => {
    open();
    press(en["header.help"]);
    expect(focused()).toBe(en["help.title"]);
    fireEvent.click(button(en.close));
    expect(document.activeElement).toBe(button(en["header.help"]));
  });

  it("goes back to it also when one dialog led to another", () => {
    open();
    press(en["header.help"]);
    press(en["note.again"]);
    expect(focused()).toBe(en["note.title"]);
    fireEvent.click(button(en.close));
    expect(document.activeElement).toBe(button(en["header.help"]));
  });

  it("goes to the sources after the first-run note, which nothing opened", () => {
    open({ noted: false });
    press(en["note.agree"]);
    expect(document.activeElement).toBe(button(camera));
  });

  it("stays in a dialog whose control goes away", () => {
    open();
    press(en["header.help"]);
    const gone = document.createElement("button");
    screen.getByRole("dialog").append(gone);
    gone.focus();
    gone.remove();
    expect(document.activeElement).toBe(document.body);
    fireEvent.change(screen.getByLabelText(en["header.language"]), { target: { value: "de" } });
    expect(focused()).toBe(de["help.title"]);
  });

  it("goes to Stop when the camera starts, and back to the sources when it stops", () => {
    open();
    press(camera);
    expect(document.activeElement).toBe(button(en["source.stop"]));
    press(en["source.stop"]);
    expect(document.activeElement).toBe(button(camera));
  });

  it("goes to the panel of a camera that fails, and to Stop when it is tried again", async () => {
    let deny: (error: unknown) => void = () => undefined;
    const { mediaDevices } = navigator;
    vi.spyOn(mediaDevices, "getUserMedia").mockImplementation(
      () =>
        new Promise((_, reject) => {
          deny = reject;
        }),
    );
    open();
    press(camera);
    await act(async () => deny(new DOMException("no", "NotAllowedError")));
    await screen.findByRole("alert");
    await waitFor(() => expect(document.activeElement).toBe(button(en["action.retry"])));
    press(en["action.retry"]);
    expect(document.activeElement).toBe(button(en["source.stop"]));
  });

  it("goes to the sources when a reader that failed is tried again", async () => {
    let broken = true;
    const fake = fakeServices();
    const openEngine: Services["openEngine"] = async (mode: Mode, options) => {
      if (broken) {
        throw new EngineError("server-lost", "gone");
      }
      return fake.openEngine(mode, options);
    };
    open({ mode: "server" }, { ...fake, openEngine });
    await screen.findByRole("alert");
    broken = false;
    press(en["action.retry"]);
    await waitFor(() => expect(document.activeElement).toBe(button(camera)));
  });
});
