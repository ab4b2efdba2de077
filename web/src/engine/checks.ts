/** Checks of JSON that came from outside; each error names the place and what was there. */

export type Table = Readonly<Record<string, unknown>>;

export function table(value: unknown, where: string): Table {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`${where} must be an object, got ${shown(value)}`);
  }
  return value as Table;
}

export function list(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`${where} must be a list, got ${shown(value)}`);
  return value;
}

export function text(value: unknown, where: string): string {
  if (typeof value !== "string") throw new TypeError(`${where} must be text, got ${shown(value)}`);
  return value;
}

export function number(value: unknown, where: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new TypeError(`${where} must be a finite number, got ${shown(value)}`);
  }
  return value;
}

/** A whole number from `least`. */
export function whole(value: unknown, where: string, least: number): number {
  if (!Number.isInteger(value) || (value as number) < least) {
    throw new TypeError(`${where} must be a whole number from ${least}, got ${shown(value)}`);
  }
  return value as number;
}

export function truth(value: unknown, where: string): boolean {
  if (typeof value !== "boolean") {
    throw new TypeError(`${where} must be true or false, got ${shown(value)}`);
  }
  return value;
}

/** `count` finite numbers. */
export function numbers(value: unknown, where: string, count: number): number[] {
  const values = list(value, where);
  if (values.length !== count) {
    throw new TypeError(`${where} must be ${count} numbers, got ${values.length}`);
  }
  return values.map((each) => number(each, where));
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 60);
}
