/** From whatever was thrown to the `EngineError` the page has a text for. */

import { EngineError, type Trouble } from "./types";

/** What browsers and ONNX Runtime say when memory is short; they agree on no type of error. */
const MEMORY =
  /out of memory|\boom\b|could not allocate|failed to allocate|allocation failed|bad_alloc|invalid (typed )?array length/i;

/** What browsers say when the Content-Security-Policy or a setting forbids WebAssembly. */
const BLOCKED = /CompileError|unsafe-eval|WebAssembly is not defined|code generation/i;

/** Turn anything thrown into an `EngineError`; `otherwise` is what it is if nothing is known of it. */
export function troubleOf(error: unknown, otherwise: Trouble): EngineError {
  if (error instanceof EngineError) return error;
  const message = messageOf(error);
  if (MEMORY.test(message)) return new EngineError("out-of-memory", message);
  if (BLOCKED.test(message)) return new EngineError("wasm-blocked", message);
  return new EngineError(otherwise, message);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
