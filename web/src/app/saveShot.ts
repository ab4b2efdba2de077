import { annotated, unitOf } from "../media/shot";
import type { Words } from "../texts/words";
import { overlayStyle } from "../ui/overlayStyle";
import type { Live, Shot } from "./live";
import { fileStem, saveBlob } from "./saving";
import type { SourceState, State } from "./state";
import type { Elements } from "./useSource";

/** Save the annotated frame: of a camera the next one read, else the one that is shown. */
export async function saveShot(
  state: State,
  live: Live,
  elements: Elements,
  words: Words,
): Promise<void> {
  const save = async (frame: CanvasImageSource, answer: Shot["answer"]): Promise<void> => {
    const { width, height, source } = answer.row;
    const style = overlayStyle(state.settings, words, unitOf(width, height));
    saveBlob(await annotated(frame, answer, style), `${fileStem(source)}.png`);
  };
  if (state.source.kind === "camera" && state.source.phase === "live") {
    const { bitmap, answer } = await new Promise<Shot>((resolve) => live.wantShot(resolve));
    await save(bitmap, answer);
    bitmap.close();
    return;
  }
  const frame = shown(state.source, elements);
  if (frame !== null && live.answer !== null) {
    await save(frame, live.answer);
  }
}

function shown(source: SourceState, elements: Elements): CanvasImageSource | null {
  return source.kind === "picture" ? elements.picture.current : elements.video.current;
}
