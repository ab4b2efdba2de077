/** Which answers the service worker keeps, and how. Pure, so that it can be tested. */

export type Message = { readonly type: "take-over" } | { readonly type: "forget-models" };

/**
 * "page": kept at installation; "asset": kept at first use, fetched once; "index": asked for anew,
 * the kept one only without a network; "network": never kept.
 */
export type Rule = "page" | "asset" | "index" | "network";

/**
 * @param path Path below the folder of the page, without a leading slash.
 * @param precached Paths that are kept at installation.
 */
export function ruleFor(
  path: string,
  method: string,
  navigation: boolean,
  precached: ReadonlySet<string>,
): Rule {
  if (method !== "GET") {
    return "network";
  }
  if ((navigation && (path === "" || path === "index.html")) || precached.has(path)) {
    return "page";
  }
  if (path === "models.json" || /^models\/[^/]+\/card\.json$/.test(path)) {
    return "index";
  }
  return /^(models|detectors|runtime)\//.test(path) ? "asset" : "network";
}

/** Kept paths that are void when an index has changed: what it names by its hash. */
export function voidedBy(index: string, kept: readonly string[]): readonly string[] {
  const folder = index === "models.json" ? "detectors/" : index.slice(0, -"card.json".length);
  return kept.filter((path) => path.startsWith(folder));
}

/** Kept paths of models that the list does not name any more; none of any other index. */
export function unnamed(index: string, json: string, kept: readonly string[]): readonly string[] {
  const folders = index === "models.json" ? foldersIn(json) : null;
  return folders === null
    ? []
    : kept.filter(
        (path) =>
          path.startsWith("models/") && !folders.some((folder) => path.startsWith(`${folder}/`)),
      );
}

/**
 * Whether a kept answer is better than one of this status. A host that is out of order or refuses
 * has not changed its mind; one that says that a file is gone has.
 */
export function isWorseThanKept(status: number): boolean {
  return status >= 400 && status !== 404 && status !== 410;
}

/** Folders of the models in a list; null where it is none, so that nothing is deleted for it. */
function foldersIn(json: string): readonly string[] | null {
  try {
    const { models } = JSON.parse(json) as { models: readonly { folder: string }[] };
    return models.map(({ folder }) => folder.replace(/\/$/, ""));
  } catch {
    return null;
  }
}
