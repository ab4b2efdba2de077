// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { statementOf } from "../../../src/app/statement";
import type { SampleTrouble } from "../../../src/engine/samples";
import { en } from "../../../src/texts/en";
import { wordsOf } from "../../../src/texts/words";
import { App } from "../../../src/ui/App";
import { type FakeOptions, fakeServices } from "../../fake/engine";
import { FakeStore, NOTE } from "../../fake/samples";

const words = wordsOf("en");

class FakeCanvas {
  readonly width: number;
  readonly height: number;
  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }
  getContext = () => ({ fillRect: () => undefined, drawImage: () => undefined });
  convertToBlob = async ({ type }: { type: string }) => new Blob(["face"], { type });
}

let store: FakeStore;

function open(options: FakeOptions = { samples: {} }, settings: object = {}): void {
  localStorage.setItem(
    "mien.settings/1",
    JSON.stringify({ language: "en", noted: true, ...settings }),
  );
  store = new FakeStore(options.samples);
  render(<App services={fakeServices(options, store)} />);
}

const button = (name: string | RegExp): HTMLElement => screen.getByRole("button", { name });
const press = async (name: string | RegExp): Promise<void> => {
  fireEvent.click(await screen.findByRole("button", { name }));
};

async function openView(): Promise<void> {
  await press(en["teach.title"]);
  await screen.findByRole("dialog");
}

/** A picture of one face, or more, given by a drop. */
function give(): void {
  const file = new File(["x"], "face.png", { type: "image/png" });
  fireEvent.drop(document.body, { dataTransfer: { files: [file], types: ["Files"] } });
}

async function agree(): Promise<void> {
  fireEvent.click(screen.getByLabelText(en["teach.agree"]));
  await press(en["teach.begin"]);
}

/** From the page to labels that can be pressed. */
async function ready(): Promise<void> {
  await openView();
  await agree();
  give();
  await waitFor(() => expect(button("happy")).toHaveProperty("disabled", false), {
    timeout: 4000, // reading a picture is more than a change of the view
  });
}

beforeEach(() => {
  localStorage.clear();
  vi.stubGlobal("OffscreenCanvas", FakeCanvas);
  vi.stubGlobal("createImageBitmap", async () => ({
    width: 640,
    height: 480,
    close: () => undefined,
  }));
  vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:made");
  vi.spyOn(URL, "revokeObjectURL").mockReturnValue();
});
afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("where the server does not collect", () => {
  it("there is no button, no shortcut, no line in the help, and no request", async () => {
    open({});
    await screen.findByText(/tiny int8/);
    expect(screen.queryByRole("button", { name: en["teach.title"] })).toBeNull();
    fireEvent.keyDown(document.body, { key: "t" });
    expect(screen.queryByRole("dialog")).toBeNull();
    fireEvent.keyDown(document.body, { key: "?" });
    expect(screen.queryByText(en["help.teach"])).toBeNull();
    expect(store.calls).toEqual([]);
  });
});

describe("the consent", () => {
  it("is not given before it is, and nothing is asked of the server until then", async () => {
    open();
    await openView();
    expect(screen.getByLabelText(en["teach.agree"])).toHaveProperty("checked", false);
    expect(button(en["teach.begin"])).toHaveProperty("disabled", true);
    expect(screen.getByText(en["teach.say.reach"])).toBeTruthy();
    expect(store.calls).toEqual([]);
    await agree();
    await waitFor(() => expect(store.consents).toEqual([statementOf(words)]));
  });

  it("can be declined", async () => {
    open();
    await openView();
    await press(en["teach.decline"]);
    expect(screen.queryByRole("dialog")).toBeNull();
    expect(store.calls).toEqual([]);
  });

  it("is for one session; the next asks again", async () => {
    open();
    await openView();
    await agree();
    await press(en["teach.end"]);
    expect(screen.getByLabelText(en["teach.agree"])).toHaveProperty("checked", false);
    await agree();
    await waitFor(() => expect(store.consents).toHaveLength(2));
  });

  it("stays ticked when the server does not answer, and can be sent again", async () => {
    open({ samples: { trouble: { begin: "lost" } } });
    await openView();
    await agree();
    const panel = await screen.findByRole("alert");
    expect(panel.textContent).toContain(en["teach.problem.lost"]);
    expect(screen.getByLabelText(en["teach.agree"])).toHaveProperty("checked", true);
    store.trouble = {};
    fireEvent.click(within(panel).getByRole("button", { name: en["action.retry"] }));
    await waitFor(() => expect(store.consents).toHaveLength(1));
  });
});

describe("a label", () => {
  it("is sent with its session, said, counted, and can be undone", async () => {
    open();
    await ready();
    fireEvent.click(button("happy"));
    expect(await screen.findByText(words.t("teach.notice.kept", { label: "happy" }))).toBeTruthy();
    expect(store.samples).toMatchObject([{ label: "happy", session: "session1" }]);
    expect(button("happy").getAttribute("aria-pressed")).toBe("true");
    expect(button("sad")).toHaveProperty("disabled", true);
    await press(en["teach.undo"]);
    await waitFor(() => expect(store.samples).toEqual([]));
    await waitFor(() => expect(button("sad")).toHaveProperty("disabled", false));
  });

  it("is given by a number key, unless shortcuts are off", async () => {
    open();
    await ready();
    fireEvent.keyDown(document.body, { key: "5" });
    await waitFor(() => expect(store.samples).toMatchObject([{ label: "sad" }]));
    cleanup();
    open({ samples: {} }, { shortcuts: false });
    await ready();
    fireEvent.keyDown(document.body, { key: "5" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(store.samples).toEqual([]);
  });

  it("is one at a time, however fast the keys are", async () => {
    open();
    await ready();
    fireEvent.keyDown(document.body, { key: "5" });
    fireEvent.keyDown(document.body, { key: "4" });
    await screen.findByText(words.t("teach.notice.kept", { label: "sad" }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(store.samples).toMatchObject([{ label: "sad" }]);
    expect(screen.queryByText(words.t("teach.unsent", { label: "happy" }))).toBeNull();
  });

  it("is of the chosen face, by its position in what is sent", async () => {
    open({ faces: 2, samples: {} });
    await ready();
    fireEvent.click(button("Face 2"));
    fireEvent.click(button("happy"));
    await waitFor(() => expect(store.samples).toHaveLength(1));
    await waitFor(() => expect(button("Face 1").getAttribute("aria-pressed")).toBe("true"));
    const sent = store.samples[0]?.face;
    expect(sent?.box[0]).toBeGreaterThan(0);
    expect(sent?.box[2]).toBeLessThan(300); // of the part that is sent, not of the frame
    fireEvent.click(button("sad"));
    await waitFor(() => expect(store.samples.map(({ label }) => label)).toEqual(["happy", "sad"]));
  });

  it("cannot be given where there is no face", async () => {
    open({ faces: 0, samples: {} });
    await openView();
    await agree();
    give();
    expect(await screen.findByText(en["teach.noFace"])).toBeTruthy();
    expect(button("happy")).toHaveProperty("disabled", true);
  });

  const TROUBLES: readonly SampleTrouble[] = [
    "lost",
    "busy",
    "samples-full",
    "bytes-full",
    "too-large",
    "format",
    "unreadable",
    "refused",
    "forbidden",
    "off",
  ];
  it.each(TROUBLES)("that fails by %s is not lost, and is sent again", async (trouble) => {
    open({ samples: { trouble: { add: trouble } } });
    await ready();
    fireEvent.click(button("happy"));
    const panel = await screen.findByRole("alert");
    expect(panel.textContent).toContain(en[`teach.problem.${trouble}`]);
    expect(panel.textContent).toContain(en[`teach.problem.${trouble}.do`]);
    expect(screen.getByText(words.t("teach.unsent", { label: "happy" }))).toBeTruthy();
    await press(en.close);
    await press(en["teach.title"]); // closing the view keeps it, too
    store.trouble = {};
    await press(en["teach.resend"]);
    await waitFor(() => expect(store.samples).toMatchObject([{ label: "happy" }]));
    expect(screen.queryByText(words.t("teach.unsent", { label: "happy" }))).toBeNull();
  });

  it.each(["consent", "session-full"] as const)(
    "that fails by %s goes to a new session",
    async (trouble) => {
      open({ samples: { trouble: { add: trouble } } });
      await ready();
      fireEvent.click(button("happy"));
      await press(en["teach.session.new"]);
      store.trouble = {};
      await agree();
      await press(en["teach.resend"]);
      await waitFor(() => expect(store.samples).toHaveLength(1));
      expect(store.samples[0]?.session).toBe("session2");
    },
  );

  it("can be discarded", async () => {
    open({ samples: { trouble: { add: "too-large" } } });
    await ready();
    fireEvent.click(button("happy"));
    await press(en["teach.discard"]);
    expect(button("sad")).toHaveProperty("disabled", false);
    expect(screen.queryByRole("alert")).toBeNull();
  });
});

describe("the token", () => {
  it("is asked for, kept in memory only, and what failed goes on", async () => {
    open({ samples: { token: "sesame" } });
    await openView();
    await agree();
    const field = await screen.findByLabelText(en["token.label"]);
    fireEvent.change(field, { target: { value: "sesame" } });
    await press(en["token.send"]);
    await waitFor(() => expect(store.consents).toHaveLength(1));
    expect(screen.queryByRole("alert")).toBeNull();
    expect(JSON.stringify({ ...localStorage })).not.toContain("sesame");
    expect(document.body.innerHTML).not.toContain("sesame");
  });
});

describe("what is kept", () => {
  const EARLIER = { samples: { earlier: ["happy", "happy", "sad"] } };

  it("is seen without a consent, by session and label", async () => {
    open(EARLIER);
    await openView();
    await press(en["teach.view.kept"]);
    expect(await screen.findByText("3 crops, 1 session")).toBeTruthy();
    expect(store.calls).not.toContain("crop"); // faces are shown when they are asked for
    await press(en["teach.session.show"]);
    const happy = words.t("teach.thumb", { label: "happy" });
    await waitFor(() => expect(URL.createObjectURL).toHaveBeenCalledTimes(3));
    await waitFor(() => expect(screen.getAllByAltText(happy)).toHaveLength(2));
    await press(en.close);
    expect(URL.revokeObjectURL).toHaveBeenCalledTimes(3);
  });

  it("comes by the page", async () => {
    open({ samples: { earlier: Array.from({ length: 130 }, () => "happy") } });
    await openView();
    await press(en["teach.view.kept"]);
    await press(en["teach.session.show"]);
    const shown = () => screen.queryAllByAltText(words.t("teach.thumb", { label: "happy" })).length;
    await waitFor(() => expect(shown()).toBe(60));
    await press(en["teach.more"]);
    await waitFor(() => expect(shown()).toBe(120));
    await press(en["teach.more"]);
    await waitFor(() => expect(shown()).toBe(130));
    expect(screen.queryByRole("button", { name: en["teach.more"] })).toBeNull();
  });

  it("loses one crop, and the server's word is shown", async () => {
    open(EARLIER);
    await openView();
    await press(en["teach.view.kept"]);
    await press(en["teach.session.show"]);
    await press(words.t("teach.delete.crop", { label: "sad" }));
    expect(
      await screen.findByText(words.t("teach.notice.deleted", { what: "1 crop" })),
    ).toBeTruthy();
    expect(screen.getAllByText(en["teach.reach"]).length).toBeGreaterThan(0);
    expect(screen.getByText(NOTE)).toBeTruthy();
    expect(store.samples).toHaveLength(2);
    await waitFor(() => expect(screen.getByText("2 crops, 1 session")).toBeTruthy());
  });

  it.each([
    [en["teach.delete.session"], /1 session/],
    [en["teach.delete.all"], /1 session/],
  ])("asks once more before: %s", async (name, said) => {
    open(EARLIER);
    await openView();
    await press(en["teach.view.kept"]);
    await press(name);
    expect(store.samples).toHaveLength(3);
    await press(en["teach.delete.no"]);
    expect(store.samples).toHaveLength(3);
    await press(name);
    await press(en["teach.delete.yes"]);
    await waitFor(() => expect(store.samples).toEqual([]));
    expect((await screen.findByText(/^Deleted:/)).textContent).toMatch(said);
    expect(await screen.findByText(en["teach.kept.empty"])).toBeTruthy();
  });

  it("that is gone already is said so", async () => {
    open({ samples: { earlier: ["happy"], trouble: { deleteSession: "gone" } } });
    await openView();
    await press(en["teach.view.kept"]);
    await press(en["teach.delete.session"]);
    await press(en["teach.delete.yes"]);
    expect(await screen.findByText(en["teach.problem.gone"])).toBeTruthy();
  });
});

describe("the fit", () => {
  it("is a command to copy, and says what deletion does not reach", async () => {
    open();
    await openView();
    await press(en["teach.view.fit"]);
    expect(screen.getByText(/^mien teach default --data DIR --out me$/)).toBeTruthy();
    expect(screen.getByText(en["teach.fit.reach"])).toBeTruthy();
    expect(store.calls).toEqual([]);
  });
});
