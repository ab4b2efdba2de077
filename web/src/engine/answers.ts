/** What a server sends, checked: rows, errors, and the facts of its model. */

import type { FaceRow, FrameRow, Probabilities, Row } from "../vision/row";
import { list, number, numbers, table, text, truth, whole } from "./checks";
import type { Limits } from "./encoding";
import type { ModelInfo, Precision } from "./types";

const SCHEMA = "mien.row/1";

/** A row of a stream, with what the server adds to it. */
export interface StreamReply {
  readonly row: Row;
  readonly id: number;
  readonly dropped: number;
}

/** @throws TypeError Naming what is wrong with the message. */
export function parseReply(json: string): StreamReply {
  const given = table(JSON.parse(json), "the answer");
  return {
    row: checkedRow(given),
    id: whole(given.id, "id", 0),
    dropped: whole(given.dropped, "dropped", 0),
  };
}

/** @throws TypeError Naming what is wrong with the row. */
export function checkedRow(value: unknown): Row {
  const row = table(value, "the row");
  if (row.schema !== SCHEMA) throw new TypeError(`expected a row of ${SCHEMA}, got ${row.schema}`);
  const source = text(row.source, "source");
  if ("error" in row) {
    const error = table(row.error, "error");
    const told = { type: text(error.type, "error.type"), message: text(error.message, "message") };
    return { schema: SCHEMA, source, error: told };
  }
  return {
    schema: SCHEMA,
    model: text(row.model, "model"),
    source,
    frame: whole(row.frame, "frame", 0),
    time_s: row.time_s === null ? null : number(row.time_s, "time_s"),
    width: whole(row.width, "width", 1),
    height: whole(row.height, "height", 1),
    faces: list(row.faces, "faces").map(face),
  } satisfies FrameRow;
}

/** What a server says of itself. */
export interface ServerFacts {
  readonly info: ModelInfo;
  readonly limits: Limits;
}

/** @throws TypeError Naming what is wrong with the facts. */
export function serverFacts(value: unknown): ServerFacts {
  const limits = table(table(value, "the facts of the model").limits ?? {}, "limits");
  const limit = (name: string): number =>
    limits[name] === undefined ? Number.POSITIVE_INFINITY : whole(limits[name], name, 1);
  return {
    info: modelInfo(value),
    limits: {
      bodyBytes: limit("body_bytes"),
      frameBytes: limit("frame_bytes"),
      pixels: limit("pixels"),
    },
  };
}

function modelInfo(value: unknown): ModelInfo {
  const facts = table(value, "the facts of the model");
  if (facts.precision !== "fp32" && facts.precision !== "int8") {
    throw new TypeError(`precision must be fp32 or int8, got ${facts.precision}`);
  }
  return {
    name: text(facts.name, "name"),
    precision: facts.precision satisfies Precision,
    labels: list(facts.labels, "labels").map((label) => text(label, "labels")),
    threshold: number(facts.threshold, "threshold"),
    backend: "server",
    threads: 0, // a server does not say
  };
}

function face(value: unknown): FaceRow {
  const given = table(value, "a face");
  const points = given.landmarks;
  return {
    box: numbers(given.box, "box", 4) as unknown as FaceRow["box"],
    score: number(given.score, "score"),
    landmarks:
      points === null
        ? null
        : (list(points, "landmarks").map((point) =>
            numbers(point, "landmarks", 2),
          ) as unknown as NonNullable<FaceRow["landmarks"]>),
    track: given.track === null ? null : whole(given.track, "track", 0),
    detected: truth(given.detected, "detected"),
    probabilities: probabilities(given.probabilities, "probabilities"),
    smoothed: given.smoothed === null ? null : probabilities(given.smoothed, "smoothed"),
    label: text(given.label, "label"),
    uncertain: truth(given.uncertain, "uncertain"),
  };
}

function probabilities(value: unknown, where: string): Probabilities {
  const entries = Object.entries(table(value, where));
  return Object.fromEntries(entries.map(([label, share]) => [label, number(share, where)]));
}
