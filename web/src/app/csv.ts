/** Rows as CSV: the columns and cells of `mien analyze --format csv` (src/mien/core/table.py). */

import type { FaceRow, FrameRow } from "../vision/row";

const FRAME = ["schema", "model", "source", "frame", "time_s", "width", "height"] as const;
const POINTS = ["left_eye", "right_eye", "nose", "mouth_left", "mouth_right"].flatMap((name) => [
  `${name}_x`,
  `${name}_y`,
]);

// A spreadsheet runs a cell that begins with one of these as a formula (OWASP, CSV injection);
// where a comma is the decimal point, a semicolon begins a cell.
const FORMULA = /(^|; *)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

// What `printable` of Python shows as an escape; the two joiners are needed inside words.
const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu;
const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

export function columns(labels: readonly string[]): readonly string[] {
  return [
    ...FRAME,
    ...["face", "x1", "y1", "x2", "y2", "score"],
    ...POINTS,
    ...["track", "detected", "label", "uncertain"],
    ...labels.map((label) => `p_${label}`),
    ...labels.map((label) => `smoothed_${label}`),
    ...["error_type", "error_message"],
  ];
}

/** The lines of a table: the head, then one line per face, one for a frame without a face. */
export function* csvLines(rows: Iterable<FrameRow>, labels: readonly string[]): Generator<string> {
  yield line(columns(labels).map(textCell));
  for (const row of rows) {
    const frame = [
      textCell(row.schema),
      textCell(row.model),
      textCell(row.source),
      wholeCell(row.frame),
      realCell(row.time_s),
      wholeCell(row.width),
      wholeCell(row.height),
    ];
    if (row.faces.length === 0) {
      yield line([...frame, ...new Array<string>(20 + 2 * labels.length + 2).fill("")]);
    }
    for (const [index, face] of row.faces.entries()) {
      yield line([...frame, ...faceCells(index, face, labels), "", ""]);
    }
  }
}

/** Text on one line, and never a formula. */
export function textCell(text: string): string {
  const shown = text.replace(UNSAFE, escaped);
  return shown.replace(FORMULA, "$1'");
}

function faceCells(index: number, face: FaceRow, labels: readonly string[]): string[] {
  const points = face.landmarks?.flat() ?? new Array<null>(10).fill(null);
  return [
    wholeCell(index),
    ...face.box.map(realCell),
    realCell(face.score),
    ...points.map(realCell),
    wholeCell(face.track),
    flagCell(face.detected),
    textCell(face.label),
    flagCell(face.uncertain),
    ...labels.map((label) => realCell(face.probabilities[label] ?? null)),
    ...labels.map((label) => realCell(face.smoothed?.[label] ?? null)),
  ];
}

const wholeCell = (value: number | null): string => (value === null ? "" : String(value));
const flagCell = (value: boolean): string => (value ? "true" : "false");

/** A number as Python writes a float: 1.0, 0.25, 5e-05. */
function realCell(value: number | null): string {
  if (value === null) {
    return "";
  }
  if (Number.isInteger(value)) {
    return `${Object.is(value, -0) ? "-0" : value}.0`;
  }
  if (Math.abs(value) >= 1e-4) {
    return String(value);
  }
  return value.toExponential().replace(/e-(\d)$/, "e-0$1");
}

function line(cells: readonly string[]): string {
  return `${cells.map(quoted).join(",")}\n`;
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}

function escaped(character: string): string {
  const code = character.codePointAt(0) as number;
  const hex = code.toString(16);
  if (code > 0xffff) {
    return `\\U${hex.padStart(8, "0")}`;
  }
  return (
    SHORT[character] ?? (code > 0xff ? `\\u${hex.padStart(4, "0")}` : `\\x${hex.padStart(2, "0")}`)
  );
}
