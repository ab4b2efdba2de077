/** Files beside the page: fetched with progress, checked against what was promised. */

import { messageOf, troubleOf } from "./trouble";
import { EngineError } from "./types";

export interface FileRequest {
  readonly url: URL;
  /** What the bytes must hash to, in hexadecimal; undefined = not known. */
  readonly sha256?: string | undefined;
  /** How many bytes there must be; undefined = not known. */
  readonly bytes?: number | undefined;
  /** Called with the bytes so far and in all, null while unknown. */
  readonly onBytes?: (loaded: number, total: number | null) => void;
}

/**
 * Fetch a file whole.
 *
 * @throws EngineError `model-missing` if it cannot be had, `model-corrupt` if it is another file
 *   than promised, `out-of-memory`.
 */
export async function fetchFile(request: FileRequest): Promise<Uint8Array<ArrayBuffer>> {
  const name = nameOf(request.url);
  let data: Uint8Array<ArrayBuffer>;
  try {
    const response = await fetch(request.url);
    if (!response.ok) {
      throw new EngineError("model-missing", `${name}: the host answers ${response.status}`);
    }
    data = await received(response, request);
  } catch (error) {
    // Browsers call every failure of the network a TypeError.
    throw troubleOf(error, "model-missing");
  }
  if (request.bytes !== undefined && data.length !== request.bytes) {
    const expected = `${name}: expected ${request.bytes} bytes, got ${data.length}`;
    throw new EngineError("model-corrupt", `${expected}; load the page again`);
  }
  if (request.sha256 !== undefined && !(await hasHash(data, request.sha256))) {
    const what = `${name} is not the file its list describes (sha256 differs)`;
    throw new EngineError("model-corrupt", `${what}; load the page again`);
  }
  return data;
}

/**
 * Fetch a text, always asking the host whether it has changed.
 *
 * @throws EngineError `model-missing` if it cannot be had.
 */
export async function fetchText(url: URL): Promise<string> {
  try {
    const response = await fetch(url, { cache: "no-cache" });
    if (response.ok) return await response.text();
    throw new EngineError("model-missing", `${nameOf(url)}: the host answers ${response.status}`);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError("model-missing", `${nameOf(url)}: ${messageOf(error)}`);
  }
}

async function received(
  response: Response,
  { bytes, onBytes }: FileRequest,
): Promise<Uint8Array<ArrayBuffer>> {
  const total = bytes ?? promised(response);
  if (response.body === null) return new Uint8Array(await response.arrayBuffer());
  const parts: Uint8Array[] = [];
  let loaded = 0;
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    loaded += part.value.length;
    onBytes?.(loaded, total);
  }
  const data = new Uint8Array(loaded);
  let at = 0;
  for (const part of parts) {
    data.set(part, at);
    at += part.length;
  }
  return data;
}

/** Content-Length, unless it is that of the compressed bytes, which are never seen here. */
function promised({ headers }: Response): number | null {
  const length = Number(headers.get("content-length") ?? Number.NaN);
  return headers.has("content-encoding") || !Number.isInteger(length) ? null : length;
}

/** Whether data hash to `sha256`; taken on trust where the origin is insecure and cannot hash. */
async function hasHash(data: Uint8Array<ArrayBuffer>, sha256: string): Promise<boolean> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (subtle === undefined) return true;
  const digest = new Uint8Array(await subtle.digest("SHA-256", data));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return found === sha256.toLowerCase();
}

function nameOf(url: URL): string {
  return url.pathname.split("/").at(-1) || url.pathname;
}
