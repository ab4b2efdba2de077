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

/** Folders whose kept files are void when an index has changed. */
export function ruledBy(index: string): string {
  return index === "models.json" ? "detectors/" : index.slice(0, -"card.json".length);
}
