/** Labelled crops on the server: begun by consent, sent, listed, deleted (docs/teach.md). */

import type { FaceRow } from "../vision/row";
import { type Api, LostError, RefusedError } from "./api";
import { list, type Table, table, text, whole } from "./checks";

/** Why something about samples failed; the page has a text for each. */
export type SampleTrouble =
  | "lost"
  | "token"
  | "forbidden"
  | "consent"
  | "gone"
  | "off"
  | "session-full"
  | "sessions-full"
  | "samples-full"
  | "bytes-full"
  | "too-large"
  | "format"
  | "unreadable"
  | "busy"
  | "refused";

export class SampleError extends Error {
  readonly trouble: SampleTrouble;

  constructor(trouble: SampleTrouble, message: string) {
    super(message);
    this.name = "SampleError";
    this.trouble = trouble;
  }
}

export type Counts = Readonly<Record<string, number>>;

export interface Sample {
  readonly id: string;
  readonly session: string;
  readonly label: string;
}

export interface SampleSession {
  readonly session: string;
  /** When its consent was given, as ISO 8601 tells it. */
  readonly began: string;
  readonly counts: Counts;
}

export interface SamplePage {
  readonly samples: readonly Sample[];
  /** `after` of the next page; null = this is the last one. */
  readonly next: number | null;
  /** Of all samples, whatever page was asked for. */
  readonly total: number;
  readonly counts: Counts;
  readonly sessions: readonly SampleSession[];
}

/** How much was deleted, and what that does not reach, in the server's own words. */
export interface Deleted {
  readonly samples: number;
  readonly sessions: number;
  readonly note: string;
}

/** What may be labelled, and how large a picture may be. */
export interface SampleFacts {
  readonly labels: readonly string[];
  readonly bodyBytes: number;
}

/** The part of a frame around one face; box and landmarks are in its pixels. */
export interface FacePicture {
  readonly picture: Blob;
  readonly box: FaceRow["box"];
  readonly landmarks: FaceRow["landmarks"];
}

/** The statement that a person agreed to. */
export interface Consent {
  readonly version: string;
  readonly words: string;
}

/** Which samples are wanted. */
export interface Wanted {
  readonly session?: string;
  readonly after?: number;
  readonly limit: number;
}

/** Every promise rejects with `SampleError` only. */
export interface Samples {
  facts(): Promise<SampleFacts>;
  /** Record a consent; answers the id of the session. */
  begin(consent: Consent): Promise<string>;
  add(session: string, version: string, label: string, face: FacePicture): Promise<Sample>;
  page(wanted: Wanted): Promise<SamplePage>;
  crop(id: string): Promise<Blob>;
  deleteSample(id: string): Promise<Deleted>;
  deleteSession(session: string): Promise<Deleted>;
  deleteAll(): Promise<Deleted>;
}

/** What a 409 is about, by the name of the limit. */
const FULL: Readonly<Record<string, SampleTrouble>> = {
  max_session_samples: "session-full",
  max_sessions: "sessions-full",
  max_samples: "samples-full",
  max_sample_bytes: "bytes-full",
};

const TROUBLES: Readonly<Record<number, SampleTrouble>> = {
  401: "token",
  403: "forbidden",
  404: "off",
  408: "lost",
  413: "too-large",
  415: "format",
  422: "unreadable",
  429: "busy",
  503: "busy",
};

export class ServerSamples implements Samples {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  facts(): Promise<SampleFacts> {
    return told(this.#api.asked("v1/model", {}, checkedFacts));
  }

  begin(consent: Consent): Promise<string> {
    const body = JSON.stringify(consent);
    const init = { method: "POST", body, headers: { "Content-Type": "application/json" } };
    const parse = (value: unknown) => text(table(value, "the session").session, "session");
    return told(this.#api.asked("v1/sessions", init, parse));
  }

  add(session: string, version: string, label: string, face: FacePicture): Promise<Sample> {
    const { picture, box, landmarks } = face;
    const said = { session, consent: version, label, box, ...(landmarks && { landmarks }) };
    const body = new FormData();
    body.append("image", picture);
    body.append("sample", JSON.stringify(said));
    return told(this.#api.asked("v1/samples", { method: "POST", body }, checkedSample), {
      403: "consent",
    });
  }

  page({ session, after, limit }: Wanted): Promise<SamplePage> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (session !== undefined) query.set("session", session);
    if (after !== undefined) query.set("after", String(after));
    return told(this.#api.asked(`v1/samples?${query}`, {}, checkedPage));
  }

  crop(id: string): Promise<Blob> {
    return told(this.#api.file(`v1/samples/${encodeURIComponent(id)}`), { 404: "gone" });
  }

  deleteSample(id: string): Promise<Deleted> {
    return this.#delete(`v1/samples/${encodeURIComponent(id)}`);
  }

  deleteSession(session: string): Promise<Deleted> {
    return this.#delete(`v1/samples?${new URLSearchParams({ session })}`);
  }

  deleteAll(): Promise<Deleted> {
    return this.#delete("v1/samples");
  }

  #delete(path: string): Promise<Deleted> {
    return told(this.#api.asked(path, { method: "DELETE" }, checkedDeleted), { 404: "gone" });
  }
}

/** The same promise with failures that the page has texts for; `here` is what a status means. */
async function told<T>(
  asked: Promise<T>,
  here: Readonly<Record<number, SampleTrouble>> = {},
): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RefusedError) {
      const { status, limit, message } = error;
      const full = status === 409 ? (FULL[limit ?? ""] ?? "samples-full") : undefined;
      throw new SampleError(full ?? here[status] ?? TROUBLES[status] ?? "refused", message);
    }
    throw new SampleError(
      error instanceof LostError ? "lost" : "refused",
      error instanceof Error ? error.message : String(error),
    );
  }
}

function checkedFacts(value: unknown): SampleFacts {
  const facts = table(value, "the facts of the model");
  const limits = table(facts.limits, "limits");
  return {
    labels: list(facts.labels, "labels").map((label) => text(label, "labels")),
    bodyBytes: whole(limits.body_bytes, "body_bytes", 1),
  };
}

function checkedSample(value: unknown): Sample {
  const given = table(value, "a sample");
  return {
    id: text(given.id, "id"),
    session: text(given.session, "session"),
    label: text(given.label, "label"),
  };
}

function checkedPage(value: unknown): SamplePage {
  const given = table(value, "the samples");
  return {
    samples: list(given.samples, "samples").map(checkedSample),
    next: given.next === null ? null : whole(given.next, "next", 0),
    total: whole(given.total, "total", 0),
    counts: checkedCounts(given.counts),
    sessions: list(given.sessions, "sessions").map((each): SampleSession => {
      const session = table(each, "a session");
      return {
        session: text(session.session, "session"),
        began: text(session.began, "began"),
        counts: checkedCounts(session.counts),
      };
    }),
  };
}

function checkedCounts(value: unknown): Counts {
  const counts: Table = table(value, "counts");
  return Object.fromEntries(
    Object.entries(counts).map(([label, count]) => [label, whole(count, "counts", 0)]),
  );
}

function checkedDeleted(value: unknown): Deleted {
  const given = table(value, "what was deleted");
  const deleted = table(given.deleted, "deleted");
  return {
    samples: whole(deleted.samples, "samples", 0),
    sessions: whole(deleted.sessions, "sessions", 0),
    note: text(given.note, "note"),
  };
}
