import { describe, expect, it, vi } from "vitest";
import { Live } from "../../../src/app/live";
import { Meter } from "../../../src/app/meter";
import type { Answer } from "../../../src/engine/types";
import { face, LABELS, row } from "./rows";

const answer = (timeS: number | null): Answer => ({
  row: row(timeS, [face()]),
  heat: [],
  ms: { detect: null, model: null, total: 20 },
  dropped: 0,
});

describe("Live", () => {
  it("tells its listeners, until they stop", () => {
    const live = new Live();
    const listener = vi.fn();
    const stop = live.subscribe(listener);
    live.begin("camera", LABELS, true);
    live.accept(answer(0), 0);
    expect(listener).toHaveBeenCalledTimes(2);
    stop();
    live.accept(answer(1), 1000);
    expect(listener).toHaveBeenCalledTimes(2);
  });

  it("keeps the session before, unless nothing was read in it", () => {
    const live = new Live();
    live.begin("first", LABELS, true);
    live.accept(answer(0), 0);
    live.begin("empty", LABELS, true);
    live.begin("third", LABELS, true);
    expect(live.earlier?.log.source).toBe("first");
    expect(live.session?.log.source).toBe("third");
  });

  it("rests without losing what was read", () => {
    const live = new Live();
    live.begin("camera", LABELS, true);
    live.accept(answer(0), 0);
    live.rest();
    expect(live.answer).toBeNull();
    expect(live.session?.log.length).toBe(1);
  });

  it("delivers one shot to whoever asked, and closes any other", () => {
    const live = new Live();
    const close = vi.fn();
    const shot = { bitmap: { close } as unknown as ImageBitmap, answer: answer(0) };
    const take = vi.fn();
    live.wantShot(take);
    expect(live.shotWanted).toBe(true);
    live.deliver(shot);
    live.deliver(shot);
    expect(take).toHaveBeenCalledExactlyOnceWith(shot);
    expect(close).toHaveBeenCalledOnce();
  });
});

describe("Meter", () => {
  it("knows nothing before it has seen something", () => {
    const meter = new Meter();
    expect([meter.rate, meter.latencyMs]).toEqual([null, null]);
    meter.add(0, 20);
    expect([meter.rate, meter.latencyMs]).toEqual([null, 20]);
  });

  it("gives the rate and the median of the last frames", () => {
    const meter = new Meter();
    for (let i = 0; i < 500; i += 1) {
      meter.add(i * 40, i % 10 === 0 ? 400 : 25);
    }
    expect(meter.rate).toBeCloseTo(25);
    expect(meter.latencyMs).toBe(25);
  });
});
