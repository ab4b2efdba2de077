import { describe, expect, it } from "vitest";
import { isUsed, judged, median, TOLERANCE } from "../../../src/engine/choice";

const FASTER = { wasmMs: 6.6, webgpuMs: 3.1, difference: 1e-6 };

describe("the choice of a runtime", () => {
  it.each([
    ["faster", FASTER],
    ["faster", { ...FASTER, difference: TOLERANCE }],
    ["slower", { ...FASTER, webgpuMs: 6.7 }],
    ["slower", { ...FASTER, webgpuMs: 6.6 }],
    ["slower", { ...FASTER, webgpuMs: Number.NaN }],
    ["different", { ...FASTER, difference: 0.0011 }],
    ["different", { ...FASTER, difference: Number.NaN }],
  ] as const)("%s: %o", (reason, trial) => {
    expect(judged(trial, "faster")).toBe(reason);
    expect(isUsed(reason)).toBe(reason === "faster");
  });

  it("can be forced, but not to wrong answers", () => {
    expect(judged({ ...FASTER, webgpuMs: 900 }, "forced")).toBe("forced");
    expect(judged({ ...FASTER, difference: 0.1 }, "forced")).toBe("different");
    expect(isUsed("forced")).toBe(true);
  });

  it.each([
    [[3], 3],
    [[9, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[], Number.NaN],
  ])("the median of %o is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});
