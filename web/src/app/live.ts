/** What changes with every frame. Views subscribe and draw at their own pace; see useLive. */

import type { Answer } from "../engine/types";
import { Meter } from "./meter";
import { RowLog } from "./rowlog";
import { Summary } from "./summary";
import { Timeline } from "./timeline";

/** How far a recording has been read. */
export interface Position {
  readonly timeS: number;
  /** Null where the file does not say how long it is. */
  readonly durationS: number | null;
}

/** A frame with the answer that belongs to it. The bitmap is the receiver's to close. */
export interface Shot {
  readonly bitmap: ImageBitmap;
  readonly answer: Answer;
}

/** All that was read from one source with one model. */
export class Session {
  readonly log: RowLog;
  readonly summary: Summary;
  readonly timeline: Timeline;
  /** Whether the source has a time: a camera or a recording. */
  readonly timed: boolean;

  constructor(source: string, labels: readonly string[], timed: boolean) {
    this.log = new RowLog(source, labels);
    this.summary = new Summary(labels);
    this.timeline = new Timeline(labels);
    this.timed = timed;
  }
}

export class Live {
  readonly #listeners = new Set<() => void>();
  #session: Session | null = null;
  #earlier: Session | null = null;
  #answer: Answer | null = null;
  #meter = new Meter();
  #position: Position | null = null;
  #wanted: ((shot: Shot) => void) | null = null;

  get session(): Session | null {
    return this.#session;
  }

  /** The session before this one, kept so that a change of source or model loses nothing. */
  get earlier(): Session | null {
    return this.#earlier;
  }

  get answer(): Answer | null {
    return this.#answer;
  }

  get meter(): Meter {
    return this.#meter;
  }

  get position(): Position | null {
    return this.#position;
  }

  /** Whether the next frame is to be delivered with its answer. */
  get shotWanted(): boolean {
    return this.#wanted !== null;
  }

  /** Ask a camera or a recording for the next frame, so that picture and boxes are of one moment. */
  wantShot(take: (shot: Shot) => void): void {
    this.#wanted = take;
  }

  deliver(shot: Shot): void {
    if (this.#wanted === null) {
      shot.bitmap.close();
    } else {
      this.#wanted(shot);
      this.#wanted = null;
    }
  }

  begin(source: string, labels: readonly string[], timed: boolean): void {
    if (this.#session !== null && this.#session.log.length > 0) {
      this.#earlier = this.#session;
    }
    this.#session = new Session(source, labels, timed);
    this.#meter = new Meter();
    this.#answer = null;
    this.#position = null;
    this.#wanted = null;
    this.#tell();
  }

  accept(answer: Answer, atMs: number, position: Position | null = null): void {
    this.#answer = answer;
    this.#position = position;
    this.#meter.add(atMs, answer.ms.total);
    this.#session?.log.add(answer.row);
    this.#session?.summary.add(answer.row);
    this.#session?.timeline.add(answer.row);
    this.#tell();
  }

  /** Nothing is shown any more; the session can still be exported. */
  rest(): void {
    this.#answer = null;
    this.#tell();
  }

  /** Returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of this.#listeners) {
      listener();
    }
  }
}
