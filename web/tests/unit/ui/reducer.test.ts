import { describe, expect, it } from "vitest";
import { chosenModel, chosenPrecision, reduce } from "../../../src/app/reducer";
import { defaultSettings } from "../../../src/app/settings";
import { type Event, initialState, type State } from "../../../src/app/state";
import { ENTRIES } from "../../fake/engine";

const start = initialState({ ...defaultSettings(["en"]), noted: true });
const failure = { problem: "defect", detail: "" } as const;
const picture = new File(["x"], "a.png", { type: "image/png" });
const video = new File(["x"], "a.mp4", { type: "video/mp4" });

const following = (events: readonly Event[], state: State = start): State =>
  events.reduce(reduce, state);

describe("the first run", () => {
  it("begins with the note", () => {
    expect(initialState(defaultSettings(["en"])).dialog).toBe("welcome");
    expect(start.dialog).toBeNull();
  });
});

describe("sources", () => {
  it("open by the type of the file, or by its name where it has none", () => {
    const kind = (file: File) => following([{ type: "open-file", file }]).source.kind;
    expect(kind(picture)).toBe("picture");
    expect(kind(video)).toBe("video");
    expect(kind(new File([""], "CLIP.MKV"))).toBe("video");
    expect(kind(new File([""], "photo.heic"))).toBe("picture");
  });

  it("that are neither picture nor video are refused with their name", () => {
    const file = new File([""], "notes.txt", { type: "text/plain" });
    const { source } = following([{ type: "open-file", file }]);
    expect(source).toMatchObject({
      kind: "failed",
      failure: { problem: "file-unknown", detail: "notes.txt (text/plain)" },
    });
  });

  it("hear nothing from the ones before them", () => {
    const state = following([{ type: "open-camera" }, { type: "open-camera" }]);
    expect(following([{ type: "source-failed", id: 1, failure }], state)).toBe(state);
    expect(following([{ type: "source-phase", id: 1, phase: "live" }], state)).toBe(state);
    const failed = following([{ type: "source-failed", id: 2, failure }], state);
    expect(failed.source).toMatchObject({ kind: "failed", source: "camera" });
  });

  it("go through their own phases only", () => {
    const camera = following([{ type: "open-camera" }]);
    expect(following([{ type: "source-phase", id: 1, phase: "done" }], camera)).toBe(camera);
    const live = following([{ type: "source-phase", id: 1, phase: "live" }], camera);
    expect(live.source).toMatchObject({ phase: "live" });
    const still = following([{ type: "open-file", file: picture }]);
    expect(following([{ type: "source-phase", id: 1, phase: "paused" }], still)).toBe(still);
  });

  it("a cancelled recording stays cancelled", () => {
    const state = following([
      { type: "open-file", file: video },
      { type: "cancel" },
      { type: "source-phase", id: 1, phase: "done" },
    ]);
    expect(state.source).toMatchObject({ kind: "video", phase: "cancelled" });
  });

  it("only a running recording can be cancelled", () => {
    const camera = following([{ type: "open-camera" }]);
    expect(following([{ type: "cancel" }], camera)).toBe(camera);
  });

  it("another camera opens anew", () => {
    const state = following([
      { type: "open-camera" },
      { type: "source-phase", id: 1, phase: "live" },
      { type: "settings", change: { camera: "second" } },
    ]);
    expect(state.source).toEqual({ kind: "camera", id: 2, phase: "asking" });
  });

  it("end with stop", () => {
    expect(following([{ type: "open-camera" }, { type: "stop" }]).source).toEqual({ kind: "none" });
  });
});

describe("the reader", () => {
  it("sums up its parts", () => {
    const state = following([
      { type: "reader-loading" },
      { type: "reader-progress", progress: { part: "model", loaded: 1, total: 9 } },
      { type: "reader-progress", progress: { part: "detector", loaded: 2, total: null } },
      { type: "reader-progress", progress: { part: "model", loaded: 5, total: 9 } },
    ]);
    expect(state.reader).toEqual({
      kind: "loading",
      parts: [
        { part: "model", loaded: 5, total: 9 },
        { part: "detector", loaded: 2, total: null },
      ],
    });
  });

  it("takes no progress after it failed", () => {
    const state = following([{ type: "reader-failed", failure }]);
    const late = { part: "model", loaded: 5, total: 9 };
    expect(following([{ type: "reader-progress", progress: late }], state)).toBe(state);
  });

  it("is asked again with a token, which the settings never hold", () => {
    const state = following([
      { type: "models-failed", failure },
      { type: "reader-failed", failure },
      { type: "retry", token: "secret" },
    ]);
    expect(state).toMatchObject({
      token: "secret",
      attempt: 1,
      reader: { kind: "idle" },
      models: { kind: "loading" },
    });
    expect(JSON.stringify(state.settings)).not.toContain("secret");
    expect(following([{ type: "retry" }], state).token).toBe("secret");
  });
});

describe("the model", () => {
  it("is the chosen one, or the first", () => {
    expect(chosenModel(start)).toBeUndefined();
    const known = following([{ type: "models", entries: ENTRIES, collects: false }]);
    expect(chosenModel(known)?.name).toBe("tiny");
    const small = following([{ type: "settings", change: { model: "small" } }], known);
    expect(chosenModel(small)?.name).toBe("small");
    const gone = following([{ type: "settings", change: { model: "gone" } }], known);
    expect(chosenModel(gone)?.name).toBe("tiny");
  });

  it("has a precision that it offers", () => {
    const [tiny, small] = ENTRIES;
    expect(tiny && chosenPrecision(tiny, "int8")).toBe("int8");
    expect(small && chosenPrecision(small, "int8")).toBe("fp32");
  });
});
