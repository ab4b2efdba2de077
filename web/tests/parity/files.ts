/** What the page fetches, read from the repository instead. */

import { readFileSync } from "node:fs";
import { type Card, MODEL_FILES, parseCard } from "../../src/engine/card";
import { SMALL_GRAPHS, type SmallGraph } from "../../src/engine/manifest";
import type { Precision } from "../../src/engine/types";

const PACKAGE = new URL("../../../src/mien/", import.meta.url);
const BUNDLE = new URL("store/bundles/small/", PACKAGE);

export function readCard(precision: Precision): Card {
  return parseCard(readFileSync(new URL("card.json", BUNDLE), "utf8"), precision);
}

export function readModel(precision: Precision): Uint8Array {
  return readFileSync(new URL(MODEL_FILES[precision], BUNDLE));
}

export function readSmallGraphs(): [SmallGraph, Uint8Array][] {
  return SMALL_GRAPHS.map((name) => {
    const folder = name === "halve" ? "runtime/graphs/" : "runtime/detectors/weights/";
    return [name, readFileSync(new URL(`${folder}${name}.onnx`, PACKAGE))];
  });
}
