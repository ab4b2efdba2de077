/** The files of a model and of its runtime, fetched side by side and reported as parts. */

import { type Card, MODEL_FILES, parseCard } from "./card";
import { type FileRequest, fetchFile, fetchText } from "./files";
import type { Precision, Progress } from "./types";

export interface FetchedModel {
  readonly card: Card;
  readonly data: Uint8Array;
}

/** @param bundle Folder of the model, with a slash at the end. */
export async function fetchModel(
  precision: Precision,
  bundle: URL,
  onProgress: (progress: Progress) => void,
): Promise<FetchedModel> {
  const card = parseCard(await fetchText(new URL("card.json", bundle)), precision);
  const file = { url: new URL(MODEL_FILES[precision], bundle), sha256: card.sha256 };
  const [data] = await fetchPart("model", [file], onProgress);
  return { card, data: data as Uint8Array };
}

/** Fetch files side by side and report them as one; the total is known when all of theirs are. */
export async function fetchPart(
  part: string,
  files: readonly FileRequest[],
  onProgress: (progress: Progress) => void,
): Promise<Uint8Array<ArrayBuffer>[]> {
  const loaded = files.map(() => 0);
  const totals = files.map(({ bytes }) => bytes ?? null);
  return Promise.all(
    files.map((file, at) =>
      fetchFile({
        ...file,
        onBytes: (count, total) => {
          loaded[at] = count;
          totals[at] = total;
          const all = totals.reduce(
            (sum, each) => (sum === null || each === null ? null : sum + each),
            0,
          );
          onProgress({ part, loaded: loaded.reduce((a, b) => a + b, 0), total: all });
        },
      }),
    ),
  );
}
