import type { OverlayStyle } from "../media/overlay";
import { annotated, unitOf } from "../media/shot";
import type { Live, Shot } from "./live";
import { fileStem, saveBlob } from "./saving";
import type { SourceState, State } from "./state";
import type { Elements } from "./useSource";

/**
 * Save the annotated frame: while frames come the next one read, else the one that is shown.
 *
 * @param style How it is drawn, given the pixels of one unit of line width.
 */
export async function saveShot(
  state: State,
  live: Live,
  elements: Elements,
  style: (unit: number) => OverlayStyle,
): Promise<void> {
  const shot = await takeShot(state, live, elements);
  if (shot === null) {
    return;
  }
  const { width, height, source } = shot.answer.row;
  const drawn = await annotated(shot.bitmap, shot.answer, style(unitOf(width, height)));
  saveBlob(drawn, `${fileStem(source)}.png`);
  shot.bitmap.close();
}

/**
 * A frame with the answer that belongs to it; null where nothing was read.
 *
 * While frames come it is the next one, and there is no answer if none follows.
 */
export async function takeShot(state: State, live: Live, elements: Elements): Promise<Shot | null> {
  const { source } = state;
  if (isRunning(source)) {
    return new Promise<Shot>((resolve) => live.wantShot(resolve));
  }
  const { answer } = live;
  const frame = source.kind === "picture" ? elements.picture.current : elements.video.current;
  if (frame === null || answer === null) {
    return null;
  }
  return { bitmap: await createImageBitmap(frame), answer };
}

/** Whether more frames come by themselves. */
export function isRunning(source: SourceState): boolean {
  return (
    (source.kind === "camera" && source.phase === "live") ||
    (source.kind === "video" && source.phase === "reading")
  );
}
