import type { Settings } from "../app/settings";
import type { OverlayStyle } from "../media/overlay";
import type { Words } from "../texts/words";
import type { FaceRow } from "../vision/row";
import { colourOf } from "./colours";

/** Label and probability that decide: the smoothed ones where there are any. */
export function shownProbability(face: FaceRow): number {
  return (face.smoothed ?? face.probabilities)[face.label] ?? 0;
}

/** "2 · happy 82 %", or "2 · unsure, perhaps happy"; the number only where faces have one. */
export function captionOf(face: FaceRow, words: Words): string {
  const said = face.uncertain
    ? words.t("faces.unsure.maybe", { label: words.label(face.label) })
    : `${words.label(face.label)} ${words.percent(shownProbability(face))}`;
  return face.track === null ? said : `${words.number(face.track + 1)} · ${said}`;
}

export function overlayStyle(settings: Settings, words: Words, unit: number): OverlayStyle {
  return {
    caption: (face) => captionOf(face, words),
    label: (name) => words.label(name),
    colour: (label) => colourOf(label, "dark"),
    font: 'system-ui, "Noto Sans", "Noto Sans Bengali", sans-serif',
    heat: settings.heat,
    landmarks: settings.landmarks,
    bars: settings.bars,
    unit,
  };
}
