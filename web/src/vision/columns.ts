/** Columns of a struct of arrays: flat typed arrays with `width` numbers per row. */

/** The given rows of a column, in the order given. */
export function taken(column: Float32Array, rows: ArrayLike<number>, width: number): Float32Array {
  const out = new Float32Array(rows.length * width);
  for (let to = 0; to < rows.length; to++) {
    const from = (rows[to] as number) * width;
    for (let k = 0; k < width; k++) out[to * width + k] = column[from + k] as number;
  }
  return out;
}

/** Columns end to end. */
export function joined(columns: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(columns.reduce((sum, column) => sum + column.length, 0));
  let at = 0;
  for (const column of columns) {
    out.set(column, at);
    at += column.length;
  }
  return out;
}

/** Row numbers 0 to `count` for which `keep` is true. */
export function rowsWhere(count: number, keep: (row: number) => boolean): number[] {
  const rows: number[] = [];
  for (let row = 0; row < count; row++) if (keep(row)) rows.push(row);
  return rows;
}

/** Whole number nearest to `value`; halves go to the even one, as in Python and IEEE 754. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
