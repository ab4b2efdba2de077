/** Everything that can go wrong, by the names the texts have for it. */

import { EngineError, type Trouble } from "../engine/types";
import { type CameraProblem, type FileProblem, SourceError } from "../media/errors";

export type Problem = Trouble | CameraProblem | FileProblem;

/** A problem with what the browser or the server said about it. */
export interface Failure {
  readonly problem: Problem;
  readonly detail: string;
}

const CAMERA: Readonly<Record<string, CameraProblem>> = {
  NotAllowedError: "camera-denied",
  SecurityError: "camera-denied",
  NotFoundError: "no-camera",
  OverconstrainedError: "no-camera",
  NotReadableError: "camera-busy",
  AbortError: "camera-busy",
};

/** The failure behind an error of `getUserMedia` (names of the Media Capture specification). */
export function cameraFailure(error: unknown): Failure {
  const name = nameOf(error);
  const problem = CAMERA[name];
  return problem === undefined ? failureOf(error) : { problem, detail: detailOf(error) };
}

/** The failure behind any other error of the reader, a source or this page. */
export function failureOf(error: unknown): Failure {
  if (error instanceof EngineError) {
    return { problem: error.trouble, detail: error.message };
  }
  if (error instanceof SourceError) {
    return { problem: error.problem, detail: error.message };
  }
  const detail = detailOf(error);
  const memory = nameOf(error) === "QuotaExceededError" || /out of memory|allocation/i.test(detail);
  return { problem: memory ? "out-of-memory" : "defect", detail };
}

/** Problems of the reader that another attempt may cure without any change. */
const PASSING: readonly Problem[] = [
  "server-lost",
  "server-busy",
  "model-missing",
  "model-corrupt",
];

export function isPassing(problem: Problem): boolean {
  return PASSING.includes(problem);
}

function nameOf(error: unknown): string {
  return typeof error === "object" && error !== null && "name" in error ? String(error.name) : "";
}

function detailOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "message" in error) {
    return String(error.message);
  }
  return String(error);
}
