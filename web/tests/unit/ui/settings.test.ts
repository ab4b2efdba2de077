import { describe, expect, it } from "vitest";
import { defaultSettings, loadSettings, saveSettings } from "../../../src/app/settings";

class Memory implements Storage {
  readonly #items = new Map<string, string>();

  get length(): number {
    return this.#items.size;
  }

  clear(): void {
    this.#items.clear();
  }

  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }

  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }

  removeItem(key: string): void {
    this.#items.delete(key);
  }

  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }
}

class Refusing extends Memory {
  override getItem(): string | null {
    throw new DOMException("no", "SecurityError");
  }

  override setItem(): void {
    throw new DOMException("no", "QuotaExceededError");
  }
}

describe("settings", () => {
  it("come back as they were stored", () => {
    const storage = new Memory();
    const settings = {
      ...defaultSettings(["bn-BD"]),
      theme: "dark",
      mode: "server",
      model: "small",
      precision: "fp32",
      graphics: true,
      noted: true,
      mirror: false,
    } as const;
    expect(saveSettings(storage, settings)).toBe(true);
    expect(loadSettings(storage, ["en"])).toEqual(settings);
  });

  it.each([
    "",
    "{",
    "null",
    "[]",
    '{"theme":"pink","language":"xx","mirror":"yes","graphics":1,"model":7}',
  ])("that are damaged are the defaults: %s", (text) => {
    const storage = new Memory();
    storage.setItem("mien.settings/1", text);
    expect(loadSettings(storage, ["de"])).toEqual(defaultSettings(["de"]));
  });

  it("do without a storage, or one that refuses", () => {
    const settings = defaultSettings(["en"]);
    for (const storage of [null, new Refusing()]) {
      expect(loadSettings(storage, ["en"])).toEqual(settings);
      expect(saveSettings(storage, settings)).toBe(false);
    }
  });
});
