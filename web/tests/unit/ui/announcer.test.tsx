// @vitest-environment happy-dom
import { act, cleanup, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PAUSE_S, STEADY_S } from "../../../src/app/announcing";
import { Live } from "../../../src/app/live";
import { reduce } from "../../../src/app/reducer";
import { defaultSettings } from "../../../src/app/settings";
import { initialState, type SourceState, type State } from "../../../src/app/state";
import { useAnnouncer } from "../../../src/app/useAnnouncer";
import { en } from "../../../src/texts/en";
import { wordsOf } from "../../../src/texts/words";
import { PageContext } from "../../../src/ui/page";
import { Stage } from "../../../src/ui/Stage";
import { Toolbar } from "../../../src/ui/Toolbar";
import { fakeServices } from "../../fake/engine";
import { face, LABELS, row } from "./rows";

const words = wordsOf("en");
const MS = { detect: null, model: null, total: 20 };
let live: Live;

function Said() {
  return <p data-testid="said">{useAnnouncer(live, words, false)}</p>;
}

const said = (): string => screen.getByTestId("said").textContent ?? "";

function read(source: string): void {
  live.begin(source, LABELS, false);
  live.accept({ row: row(null, [face()]), heat: [], ms: MS, dropped: 0 }, 0);
}

const pass = (seconds: number) => act(() => vi.advanceTimersByTime(1000 * seconds));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  live = new Live();
});

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

describe("what is announced", () => {
  it("is said again of another picture with the same result, at the pace of all speech", () => {
    render(<Said />);
    read("a.jpg");
    pass(STEADY_S + 0.4);
    expect(said()).toBe("happy");
    read("b.jpg"); // at once: nobody has looked while there was no answer
    pass(0.2);
    expect(said()).toBe("");
    pass(STEADY_S + 0.2);
    expect(said()).toBe(""); // not so soon after the last one
    pass(PAUSE_S);
    expect(said()).toBe("happy");
  });

  it("is taken back when nothing is shown any more", () => {
    render(<Said />);
    read("a.jpg");
    pass(STEADY_S + 0.4);
    expect(said()).toBe("happy");
    live.rest();
    pass(0.2);
    expect(said()).toBe("");
  });
});

describe("what is told as a status", () => {
  const info = {
    name: "tiny",
    precision: "int8",
    labels: LABELS,
    threshold: 0.45,
    backend: "wasm",
    threads: 1,
  } as const;
  const ready = reduce(initialState({ ...defaultSettings(["en"]), noted: true }), {
    type: "reader-ready",
    info,
  });
  const none = { current: null };

  function show(source: SourceState): string[] {
    const state: State = { ...ready, source };
    const page = {
      state,
      live,
      words,
      offline: fakeServices().offline,
      dispatch: () => undefined,
      choose: () => undefined,
      saveFrame: () => undefined,
    };
    render(
      <PageContext.Provider value={page}>
        <Stage video={none} picture={none} />
        <Toolbar />
      </PageContext.Provider>,
    );
    return screen.getAllByRole("status").map((element) => element.textContent ?? "");
  }

  it("is the end of a recording", () => {
    const file = new File([], "a.webm");
    expect(show({ kind: "video", id: 1, file, phase: "done" })).toContain(en["stage.done"]);
  });

  it("is a pause", () => {
    expect(show({ kind: "camera", id: 1, phase: "paused" })).toContain(en["stage.paused"]);
  });
});
