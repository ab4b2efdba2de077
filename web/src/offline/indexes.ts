/** Indexes that the service worker keeps: `models.json` and the cards, and what they make void. */

import { isWorseThanKept, unnamed, voidedBy } from "./rules";

/** What is needed of `Cache`. */
export interface Store {
  match(url: string): Promise<Response | undefined>;
  put(url: string, answer: Response): Promise<void>;
  keys(): Promise<readonly { readonly url: string }[]>;
  delete(url: string): Promise<boolean>;
}

export interface Newest {
  readonly answer: Response;
  /** Ends when the answer is kept, or the disk is full. */
  readonly kept: Promise<void>;
}

/**
 * The host's answer, kept; where it fails, the kept one. What a changed index makes void, and models
 * that the list does not name any more, are deleted.
 *
 * @param path Of the index, below `base`.
 */
export async function newestIndex(
  store: Store,
  base: URL,
  path: string,
  ask: (url: string) => Promise<Response>,
): Promise<Newest> {
  const { href } = new URL(path, base);
  const kept = await store.match(href);
  let answer: Response;
  try {
    answer = await ask(href);
  } catch (error) {
    if (kept !== undefined) return { answer: kept, kept: Promise.resolve() };
    throw error;
  }
  if (kept !== undefined && isWorseThanKept(answer.status)) {
    return { answer: kept, kept: Promise.resolve() };
  }
  if (answer.status !== 200) return { answer, kept: Promise.resolve() };
  const index = await answer.clone().text();
  const paths = (await store.keys()).map(({ url }) => url.slice(base.href.length));
  const changed = kept !== undefined && (await kept.text()) !== index;
  const old = [...(changed ? voidedBy(path, paths) : []), ...unnamed(path, index, paths)];
  for (const each of old) await store.delete(new URL(each, base).href);
  return { answer, kept: store.put(href, answer.clone()).catch(() => undefined) };
}
