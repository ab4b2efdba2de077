/** What the view "Teach it" knows at a moment, and how events change it: pure. */

import type {
  Deleted,
  FacePicture,
  Sample,
  SampleFacts,
  SamplePage,
  SampleTrouble,
} from "../engine/samples";
import type { Shot } from "./live";

export type TeachView = "label" | "kept" | "fit";

/** What is asked of the server. All but lists change something there, one at a time. */
export type Task = "begin" | "send" | "list" | "delete";

/** A frame that stands still to be labelled. */
export interface Still extends Shot {
  /** Grows with every frame. */
  readonly id: number;
  /** Whether it is shown as in a mirror. */
  readonly mirror: boolean;
  /** Whether more frames of its source follow, so that it makes way once its faces are kept. */
  readonly passing: boolean;
  /** Samples that were kept of it, by the index of the face. */
  readonly kept: Readonly<Record<number, Sample>>;
}

/** A label that was given and is not on the server yet. */
export interface Unsent {
  readonly label: string;
  readonly face: FacePicture;
  /** Id of the still and index of the face that it is of. */
  readonly of: readonly [still: number, face: number];
}

export interface TeachFailure {
  readonly trouble: SampleTrouble | "defect";
  readonly detail: string;
  readonly task: Task;
}

/** What was done last, to be said. */
export type Notice =
  | { readonly kind: "begun" }
  | { readonly kind: "ended" }
  | { readonly kind: "kept"; readonly sample: Sample }
  | { readonly kind: "undone"; readonly sample: Sample }
  | { readonly kind: "deleted"; readonly deleted: Deleted };

export interface TeachState {
  readonly view: TeachView;
  readonly facts: SampleFacts | null;
  /** The session that the person agreed to on this page; null = none. */
  readonly session: { readonly id: string; readonly version: string } | null;
  readonly still: Still | null;
  readonly stills: number;
  /** Index of the chosen face of the still. */
  readonly face: number;
  readonly unsent: Unsent | null;
  readonly busy: Task | null;
  readonly failure: TeachFailure | null;
  readonly notice: Notice | null;
  /** Sessions and counts as the server told them last. */
  readonly listing: SamplePage | null;
}

export type TeachEvent =
  | { readonly type: "view"; readonly view: TeachView }
  | {
      readonly type: "taken";
      readonly shot: Shot;
      readonly mirror: boolean;
      readonly passing: boolean;
    }
  | { readonly type: "released" }
  | { readonly type: "face"; readonly face: number }
  | { readonly type: "asking"; readonly task: Task }
  | { readonly type: "failed"; readonly failure: TeachFailure }
  | { readonly type: "facts"; readonly facts: SampleFacts }
  | { readonly type: "listed"; readonly listing: SamplePage }
  | { readonly type: "begun"; readonly id: string; readonly version: string }
  | { readonly type: "ended" }
  | { readonly type: "labelled"; readonly unsent: Unsent }
  | { readonly type: "discarded" }
  | { readonly type: "kept"; readonly sample: Sample }
  | { readonly type: "undone"; readonly sample: Sample }
  | { readonly type: "deleted"; readonly deleted: Deleted; readonly what: Doomed }
  | { readonly type: "calm" };

/** What is deleted: one sample, a session, or everything. */
export type Doomed =
  | { readonly sample: string }
  | { readonly session: string }
  | { readonly all: true };

export const NOTHING_TAUGHT: TeachState = {
  view: "label",
  facts: null,
  session: null,
  still: null,
  stills: 0,
  face: 0,
  unsent: null,
  busy: null,
  failure: null,
  notice: null,
  listing: null,
};

export function reduceTeach(state: TeachState, event: TeachEvent): TeachState {
  switch (event.type) {
    case "view":
      return { ...state, view: event.view, failure: null };
    case "taken": {
      const { shot, mirror, passing } = event;
      const id = state.stills + 1;
      const still = { ...shot, id, mirror, passing, kept: {} };
      return { ...state, still, stills: id, face: largestFace(still), notice: null };
    }
    case "released":
      return { ...state, still: null, face: 0 };
    case "face":
      return { ...state, face: event.face };
    case "asking":
      return { ...state, busy: event.task, failure: null };
    case "failed":
      return failedWith(state, event.failure);
    case "facts":
      return { ...state, facts: event.facts };
    case "listed":
      return { ...state, listing: event.listing };
    case "begun":
      return {
        ...state,
        busy: null,
        session: { id: event.id, version: event.version },
        notice: { kind: "begun" },
      };
    case "ended":
      return { ...state, session: null, failure: null, notice: { kind: "ended" } };
    case "labelled":
      return { ...state, unsent: event.unsent, notice: null };
    case "discarded":
      return { ...state, unsent: null, failure: null };
    case "kept":
      return keptOf(state, event.sample);
    case "undone":
      return {
        ...without(state, { sample: event.sample.id }),
        busy: null,
        notice: { kind: "undone", sample: event.sample },
      };
    case "deleted":
      return {
        ...without(state, event.what),
        busy: null,
        notice: { kind: "deleted", deleted: event.deleted },
      };
    case "calm":
      return { ...state, failure: null };
  }
}

/** Sessions with samples; two at least are needed, so that one can be held out. */
export function taughtSessions(listing: SamplePage): number {
  return listing.sessions.filter(({ counts }) => total(counts) > 0).length;
}

export function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function failedWith(state: TeachState, failure: TeachFailure): TeachState {
  const lapsed = failure.trouble === "consent";
  const busy = failure.task === "list" ? state.busy : null;
  return { ...state, busy, failure, session: lapsed ? null : state.session };
}

function keptOf(state: TeachState, sample: Sample): TeachState {
  const { still, unsent } = state;
  const [of, face] = unsent?.of ?? [0, 0];
  const notice = { kind: "kept", sample } as const;
  const done = { ...state, busy: null, unsent: null, notice };
  if (still === null || still.id !== of) {
    return done;
  }
  const kept = { ...still.kept, [face]: sample };
  const next = still.answer.row.faces.findIndex((_, index) => kept[index] === undefined);
  if (next < 0 && still.passing) {
    return { ...done, still: null, face: 0 };
  }
  return { ...done, still: { ...still, kept }, face: next < 0 ? state.face : next };
}

/** The state when something is gone: a face of the still may be labelled again. */
function without(state: TeachState, what: Doomed): TeachState {
  const { still, session } = state;
  const gone = (sample: Sample): boolean =>
    "all" in what ||
    ("session" in what ? sample.session === what.session : sample.id === what.sample);
  const left = Object.entries(still?.kept ?? {}).filter(([, sample]) => !gone(sample));
  const ended = "all" in what || ("session" in what && what.session === session?.id);
  return {
    ...state,
    still: still === null ? null : { ...still, kept: Object.fromEntries(left) },
    session: ended ? null : session,
  };
}

function largestFace({ answer }: Shot): number {
  const sizes = answer.row.faces.map(({ box: [x1, y1, x2, y2] }) => (x2 - x1) * (y2 - y1));
  return Math.max(0, sizes.indexOf(Math.max(...sizes)));
}
