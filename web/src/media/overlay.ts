/** Boxes, labels, bars, landmarks and heat maps, drawn over a frame. */

import type { Answer } from "../engine/types";
import type { HeatMap } from "../vision/recognizer";
import type { FaceRow } from "../vision/row";
import { boxOnCanvas, toCanvas, type View } from "./view";

export interface OverlayStyle {
  /** What is written at a face: number and label, or that it is unsure. */
  caption(face: FaceRow): string;
  /** "happy 82 %", shortest first, for the bars. */
  label(name: string): string;
  colour(label: string): string;
  readonly font: string;
  readonly heat: boolean;
  readonly landmarks: boolean;
  readonly bars: boolean;
  /** Canvas pixels of one unit of line width. */
  readonly unit: number;
}

const INK = "#ffffff";
const PLATE = "rgb(16 20 26 / 86%)";
const BARS = 3;

export function drawOverlay(
  context: CanvasRenderingContext2D,
  answer: Answer,
  view: View,
  style: OverlayStyle,
): void {
  if (style.heat) {
    for (const map of answer.heat) {
      drawHeat(context, map, view);
    }
  }
  for (const face of answer.row.faces) {
    drawBox(context, face, view, style);
    if (style.landmarks) {
      drawLandmarks(context, face, view, style);
    }
  }
  for (const face of answer.row.faces) {
    drawCaption(context, face, view, style);
  }
}

/** Colour of a heat value: clear, then amber, then deep red; lightness falls evenly. */
export function heatColour(value: number): readonly [number, number, number, number] {
  const v = Math.min(Math.max(value, 0), 1);
  return [255 - 75 * v * v, 214 - 190 * v, 70 - 30 * v, 215 * Math.min(1, v * 1.25)].map(
    Math.round,
  ) as [number, number, number, number];
}

function drawHeat(context: CanvasRenderingContext2D, map: HeatMap, view: View): void {
  const image = new ImageData(map.width, map.height);
  for (let i = 0; i < map.values.length; i += 1) {
    image.data.set(heatColour(map.values[i] as number), i * 4);
  }
  const small = new OffscreenCanvas(map.width, map.height);
  small.getContext("2d")?.putImageData(image, 0, 0);
  const [a, b, c, d, e, f] = map.affine;
  const flip = view.mirror ? -view.scale : view.scale;
  const [originX, originY] = toCanvas(view, c + 0.5, f + 0.5); // pixel centres are integers
  context.save();
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.transform(a * flip, d * view.scale, b * flip, e * view.scale, originX, originY);
  context.drawImage(small, -1, -1, 2, 2);
  context.restore();
}

function drawBox(
  context: CanvasRenderingContext2D,
  face: FaceRow,
  view: View,
  style: OverlayStyle,
): void {
  const [left, top, width, height] = boxOnCanvas(view, face.box);
  const radius = Math.min(10 * style.unit, width / 4);
  context.save();
  context.setLineDash(face.uncertain ? [8 * style.unit, 6 * style.unit] : []);
  for (const [colour, line] of [
    ["rgb(0 0 0 / 55%)", 5],
    [face.uncertain ? INK : style.colour(face.label), 2.5],
  ] as const) {
    context.strokeStyle = colour;
    context.lineWidth = line * style.unit;
    context.beginPath();
    context.roundRect(left, top, width, height, radius);
    context.stroke();
  }
  context.restore();
}

function drawLandmarks(
  context: CanvasRenderingContext2D,
  face: FaceRow,
  view: View,
  style: OverlayStyle,
): void {
  for (const [x, y] of face.landmarks ?? []) {
    const [across, down] = toCanvas(view, x, y);
    context.beginPath();
    context.arc(across, down, 3 * style.unit, 0, 2 * Math.PI);
    context.fillStyle = INK;
    context.strokeStyle = "rgb(0 0 0 / 70%)";
    context.lineWidth = style.unit;
    context.fill();
    context.stroke();
  }
}

function drawCaption(
  context: CanvasRenderingContext2D,
  face: FaceRow,
  view: View,
  style: OverlayStyle,
): void {
  const { unit } = style;
  const [left, top, width, height] = boxOnCanvas(view, face.box);
  context.save();
  context.font = `600 ${15 * unit}px ${style.font}`;
  context.textBaseline = "middle";
  const text = style.caption(face);
  const plate = context.measureText(text).width + 18 * unit;
  const tall = 26 * unit;
  const across = clamp(left, view.left, view.left + view.width - plate);
  const above = top - tall - 4 * unit;
  const down = above >= view.top ? above : top + 4 * unit;
  fillPlate(context, across, down, plate, tall, unit);
  context.fillStyle = INK;
  context.fillText(text, across + 9 * unit, down + tall / 2 + unit);
  if (style.bars && width >= 96 * unit) {
    drawBars(context, face, [left, top + height + 6 * unit, width], view, style);
  }
  context.restore();
}

/** The three most probable labels under the box; inside its lower edge where there is no room. */
function drawBars(
  context: CanvasRenderingContext2D,
  face: FaceRow,
  [left, below, width]: readonly [number, number, number],
  view: View,
  style: OverlayStyle,
): void {
  const { unit } = style;
  const line = 17 * unit;
  const wide = Math.min(Math.max(width, 130 * unit), 190 * unit);
  const tall = BARS * line + 8 * unit;
  const bottom = view.top + view.height - tall;
  const across = clamp(left + (width - wide) / 2, view.left, view.left + view.width - wide);
  const down = Math.max(view.top, Math.min(below, bottom));
  fillPlate(context, across, down, wide, tall, unit);
  const table = Object.entries(face.smoothed ?? face.probabilities);
  const top = table.sort((a, b) => b[1] - a[1]).slice(0, BARS);
  context.font = `500 ${12 * unit}px ${style.font}`;
  for (const [i, [label, probability]] of top.entries()) {
    const middle = down + 4 * unit + (i + 0.5) * line;
    const start = across + wide * 0.56;
    const full = wide * 0.44 - 8 * unit;
    context.fillStyle = INK;
    context.fillText(style.label(label), across + 8 * unit, middle + unit, wide * 0.56 - 12 * unit);
    context.fillStyle = "rgb(255 255 255 / 25%)";
    context.fillRect(start, middle - 3 * unit, full, 6 * unit);
    context.fillStyle = style.colour(label);
    context.fillRect(start, middle - 3 * unit, full * probability, 6 * unit);
  }
}

function fillPlate(
  context: CanvasRenderingContext2D,
  left: number,
  top: number,
  width: number,
  height: number,
  unit: number,
): void {
  context.fillStyle = PLATE;
  context.beginPath();
  context.roundRect(left, top, width, height, 7 * unit);
  context.fill();
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
