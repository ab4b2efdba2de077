/** The card of a bundle: what the page must know of a model, checked. */

import { CROP, type Template } from "../vision/alignment";
import type { ModelFacts } from "../vision/recognizer";
import { list, number, numbers, table, text, whole } from "./checks";
import { messageOf } from "./trouble";
import { EngineError, type Precision } from "./types";

const SCHEMA = "mien.bundle/1";

/** Name of each model file in a bundle. */
export const MODEL_FILES: Readonly<Record<Precision, string>> = {
  fp32: "model.onnx",
  int8: "model.int8.onnx",
};

export interface Card {
  readonly facts: ModelFacts;
  /** Outputs of the graph, in order. */
  readonly outputs: readonly string[];
  /** Of the model file of the chosen precision, in hexadecimal. */
  readonly sha256: string;
}

/**
 * Read a card for one precision.
 *
 * @throws EngineError `model-missing` without that precision, `model-corrupt` if the card is damaged,
 *   of a newer schema, or of a crop that is not cut here.
 */
export function parseCard(json: string, precision: Precision): Card {
  try {
    return checkedCard(JSON.parse(json), precision);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError("model-corrupt", `the card of the model is damaged: ${messageOf(error)}`);
  }
}

function checkedCard(value: unknown, precision: Precision): Card {
  const card = table(value, "card");
  if (card.schema !== SCHEMA) {
    throw new TypeError(`expected a card of schema ${SCHEMA}, got ${card.schema}`);
  }
  const name = text(card.name, "card.name");
  const given = table(card.files, "card.files")[precision];
  if (given === undefined) {
    throw new EngineError("model-missing", `the model ${name} has no ${precision} file`);
  }
  const file = table(given, "card.files");
  const calibration = table(file.calibration, "calibration");
  const geometry = table(card.geometry, "card.geometry");
  if (geometry.frame !== CROP) {
    throw new TypeError(`expected a crop of ${CROP} pixels, got ${geometry.frame}`);
  }
  const outputs = texts(card.outputs, "card.outputs");
  return {
    outputs,
    sha256: text(file.sha256, "sha256"),
    facts: {
      name,
      labels: texts(table(card.labels, "card.labels").labels, "card.labels.labels"),
      temperature: number(calibration.temperature, "temperature"),
      threshold: number(calibration.threshold, "threshold"),
      boxScale: number(geometry.box_scale, "box_scale"),
      template: list(geometry.template, "template").map((point) =>
        numbers(point, "template", 2),
      ) as unknown as Template,
      inputSize: whole(geometry.input_size, "input_size", 1),
      hasActivation: outputs.includes("activation"),
    },
  };
}

function texts(value: unknown, where: string): string[] {
  return list(value, where).map((each) => text(each, where));
}
