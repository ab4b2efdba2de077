/** Requests to the server that the page is from, with its token. */

import { messageOf } from "./trouble";

/** A server that does not answer a request for so long is gone. */
const PATIENCE_MS = 60_000;

/** The server said no. */
export class RefusedError extends Error {
  readonly status: number;
  /** Name of the limit that is reached, where one is. */
  readonly limit: string | null;

  constructor(status: number, message: string, limit: string | null) {
    super(message);
    this.name = "RefusedError";
    this.status = status;
    this.limit = limit;
  }
}

/** Nothing came back, or what came back is not from a server of mien. */
export class LostError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "LostError";
  }
}

/** The requests of one page with one token. */
export class Api {
  readonly token: string | null;
  readonly base: URL;

  /**
   * @param base Address of the page.
   * @param token Sent in a header, never in an address; null = none.
   */
  constructor(base: URL, token: string | null) {
    this.base = base;
    this.token = token;
  }

  /**
   * What the server answers in JSON.
   *
   * @throws RefusedError or LostError.
   */
  async asked<T>(path: string, init: RequestInit, parse: (value: unknown) => T): Promise<T> {
    const body = await this.#sent(path, init, (response) => response.json().catch(() => null));
    try {
      return parse(body);
    } catch (error) {
      // A static host answers with a page of its own.
      throw new LostError(`this is no server of mien: ${messageOf(error)}`);
    }
  }

  /**
   * What the server answers as a file.
   *
   * @throws RefusedError or LostError.
   */
  file(path: string): Promise<Blob> {
    return this.#sent(path, {}, (response) => response.blob());
  }

  async #sent<T>(
    path: string,
    init: RequestInit,
    read: (response: Response) => Promise<T>,
  ): Promise<T> {
    const headers = new Headers(init.headers);
    if (this.token !== null) headers.set("Authorization", `Bearer ${this.token}`);
    const signal = AbortSignal.timeout(PATIENCE_MS);
    try {
      const response = await fetch(new URL(path, this.base), { ...init, headers, signal });
      if (response.ok) return await read(response);
      throw refusal(response.status, await response.json().catch(() => null));
    } catch (error) {
      throw error instanceof RefusedError ? error : new LostError(messageOf(error));
    }
  }
}

function refusal(status: number, body: unknown): RefusedError {
  const error = (body as { error?: { message?: unknown; limit?: unknown } } | null)?.error;
  const told = typeof error?.message === "string" ? error.message : null;
  const limit = typeof error?.limit === "string" ? error.limit : null;
  return new RefusedError(status, told ?? `the server answers ${status}`, limit);
}
