/**
 * Optimal assignment: which row goes with which column at the least total cost (Kuhn, 1955, by
 * shortest augmenting paths, Jonker and Volgenant, 1987). The port of `mien.core.assignment`.
 */

import { InputError } from "./errors";

export type Pair = readonly [row: number, column: number];

/**
 * Pair rows with columns; infinite cost = never.
 *
 * As many pairs as possible are made first, and their costs are least among those.
 *
 * @param costs Rows of equal length, finite or +infinite.
 * @returns Pairs by rising row, at most as many as the shorter side.
 * @throws InputError If rows differ in length, or hold NaN or -infinity.
 */
export function assign(costs: readonly (readonly number[])[]): Pair[] {
  const n = costs.length;
  const m = costs[0]?.length ?? 0;
  if (costs.some((row) => row.length !== m)) {
    throw new InputError("costs must be rows of equal length");
  }
  const all = costs.flat();
  if (all.some((cost) => Number.isNaN(cost) || cost === Number.NEGATIVE_INFINITY)) {
    throw new InputError("costs must be finite, or +infinite where a pair is impossible");
  }
  if (all.length === 0) return [];
  const possible = all.filter(Number.isFinite);
  const least = possible.length ? smallest(possible) : 0;
  const spread = possible.length ? largest(possible) - least : 0;
  // One impossible pair is dearer than all possible ones together, so it is never preferred.
  const dear = (spread + 1) * (Math.min(n, m) + 1);
  const filled = costs.map((row) =>
    row.map((cost) => (Number.isFinite(cost) ? cost - least : dear)),
  );
  const isWide = n <= m;
  const wide = isWide ? filled : transposed(filled);
  return rowsOf(wide)
    .map((row, column): Pair => (isWide ? [row, column] : [column, row]))
    .filter(([row, column]) => row >= 0 && column >= 0 && Number.isFinite(costs[row]?.[column]))
    .sort(([a], [b]) => a - b);
}

/** The row of each column of N x M costs with N <= M, -1 = none. */
function rowsOf(costs: readonly (readonly number[])[]): number[] {
  const m = (costs[0] as readonly number[]).length;
  const rowPrice = new Float64Array(costs.length);
  const columnPrice = new Float64Array(m);
  const rows = new Array<number>(m).fill(-1);
  for (let start = 0; start < costs.length; start++) {
    const path = shortestPath(costs, start, rows, rowPrice, columnPrice);
    rowPrice[start] = (rowPrice[start] as number) + path.length;
    for (let column = 0; column < m; column++) {
      if (!path.done[column]) continue;
      const gain = path.length - (path.shortest[column] as number);
      const matched = rows[column] as number;
      if (matched >= 0) rowPrice[matched] = (rowPrice[matched] as number) + gain;
      columnPrice[column] = (columnPrice[column] as number) - gain;
    }
    for (let last = path.last; last >= 0; last = path.before[last] as number) {
      const before = path.before[last] as number;
      rows[last] = before < 0 ? start : (rows[before] as number);
    }
  }
  return rows;
}

interface Path {
  readonly shortest: Float64Array;
  readonly before: Int32Array;
  readonly done: readonly boolean[];
  /** The free column it ends in. */
  readonly last: number;
  readonly length: number;
}

/** The cheapest way from row `start` to a column that no row has yet. */
function shortestPath(
  costs: readonly (readonly number[])[],
  start: number,
  rows: readonly number[],
  rowPrice: Float64Array,
  columnPrice: Float64Array,
): Path {
  const m = rows.length;
  const shortest = new Float64Array(m).fill(Number.POSITIVE_INFINITY);
  const before = new Int32Array(m).fill(-1);
  const done = new Array<boolean>(m).fill(false);
  let row = start;
  let last = -1;
  let length = 0;
  while (row >= 0) {
    const from = costs[row] as readonly number[];
    const price = rowPrice[row] as number;
    let next = -1;
    for (let column = 0; column < m; column++) {
      if (done[column]) continue;
      const through = length + (from[column] as number) - price - (columnPrice[column] as number);
      if (through < (shortest[column] as number)) {
        shortest[column] = through;
        before[column] = last;
      }
      if (next < 0 || (shortest[column] as number) < (shortest[next] as number)) next = column;
    }
    last = next;
    length = shortest[last] as number;
    done[last] = true;
    row = rows[last] as number;
  }
  return { shortest, before, done, last, length };
}

function transposed(rows: readonly (readonly number[])[]): number[][] {
  return (rows[0] as readonly number[]).map((_, at) => rows.map((row) => row[at] as number));
}

function smallest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.min(a, b));
}

function largest(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b));
}
