/** The runtime for the graphics card: where it lies, and whether this browser can use it. */

import type { PromisedFile } from "./manifest";

/** Set by the build, in a folder named by content; there is none where tests are built without. */
declare const __GRAPHICS__: (PromisedFile & { readonly script: string }) | undefined;

const FILES = typeof __GRAPHICS__ === "undefined" ? null : __GRAPHICS__;

/**
 * What switching the graphics card on fetches; null where it cannot be used. It is the build that
 * waits for the card by JSPI: the one for browsers without is 10 MB larger.
 */
export function graphicsFiles(): NonNullable<typeof FILES> | null {
  const isAble =
    globalThis.navigator?.gpu !== undefined && "Suspending" in (globalThis.WebAssembly ?? {});
  return isAble ? FILES : null;
}
