/** A store of samples in memory, which can be told to refuse: for views, tests and screenshots. */

import {
  type Consent,
  type Counts,
  type Deleted,
  type FacePicture,
  type Sample,
  SampleError,
  type SampleFacts,
  type SamplePage,
  type Samples,
  type SampleTrouble,
  type Wanted,
} from "../../src/engine/samples";

export const LABELS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"] as const;

export interface FakeSamplesOptions {
  /** Labels of an earlier session, in the order in which they came. */
  readonly earlier?: readonly string[];
  /** What each call fails with, by its name. */
  readonly trouble?: Readonly<Partial<Record<keyof Samples, SampleTrouble>>>;
  /** The token that every call needs. */
  readonly token?: string;
}

export const NOTE = "models that were fitted to deleted samples are not changed";

/** All that was kept and asked for; one for each page, whatever its token. */
export class FakeStore {
  readonly calls: string[] = [];
  readonly consents: Consent[] = [];
  readonly sessions: { readonly session: string; readonly began: string }[] = [];
  samples: (Sample & { readonly face: FacePicture | null })[] = [];
  trouble: FakeSamplesOptions["trouble"];
  #made = 0;

  constructor(options: FakeSamplesOptions = {}) {
    this.trouble = options.trouble;
    if (options.earlier !== undefined) {
      this.sessions.push({ session: "earlier", began: "2026-11-20T19:36:43+00:00" });
      for (const label of options.earlier) {
        this.samples.push({ id: this.name("s"), session: "earlier", label, face: null });
      }
    }
  }

  name(stem: string): string {
    this.#made += 1;
    return `${stem}${this.#made}`;
  }
}

class FakeSamples implements Samples {
  readonly #store: FakeStore;
  readonly #admitted: boolean;

  constructor(store: FakeStore, admitted: boolean) {
    this.#store = store;
    this.#admitted = admitted;
  }

  async facts(): Promise<SampleFacts> {
    this.#called("facts");
    return { labels: LABELS, bodyBytes: 10_000_000 };
  }

  async begin(consent: Consent): Promise<string> {
    this.#called("begin");
    const session = this.#store.name("session");
    this.#store.consents.push(consent);
    this.#store.sessions.push({ session, began: "2026-11-26T20:05:00+00:00" });
    return session;
  }

  async add(session: string, _version: string, label: string, face: FacePicture): Promise<Sample> {
    this.#called("add");
    const sample = { id: this.#store.name("s"), session, label };
    this.#store.samples.push({ ...sample, face });
    return sample;
  }

  async page({ session, after = 0, limit }: Wanted): Promise<SamplePage> {
    this.#called("page");
    const { samples, sessions } = this.#store;
    const wanted = samples.filter((each) => session === undefined || each.session === session);
    const end = after + limit;
    return {
      samples: wanted.slice(after, end).map(({ id, session, label }) => ({ id, session, label })),
      next: end < wanted.length ? end : null,
      total: samples.length,
      counts: counted(samples),
      sessions: sessions.map((each) => ({
        ...each,
        counts: counted(samples.filter((sample) => sample.session === each.session)),
      })),
    };
  }

  async crop(id: string): Promise<Blob> {
    this.#called("crop");
    const { samples } = this.#store;
    const own = samples.find((sample) => sample.id === id)?.face;
    const face = own ?? samples.findLast((sample) => sample.face !== null)?.face;
    if (!face) {
      return new Blob();
    }
    const [x1, y1, x2, y2] = face.box;
    const canvas = new OffscreenCanvas(48, 48);
    const context = canvas.getContext("2d");
    if (context !== null) {
      context.filter = "grayscale(1)";
      const bitmap = await createImageBitmap(face.picture);
      context.drawImage(bitmap, x1, y1, x2 - x1, y2 - y1, 0, 0, 48, 48);
    }
    return canvas.convertToBlob();
  }

  deleteSample(id: string): Promise<Deleted> {
    return this.#delete("deleteSample", (sample) => sample.id === id, null);
  }

  deleteSession(session: string): Promise<Deleted> {
    return this.#delete("deleteSession", (sample) => sample.session === session, session);
  }

  deleteAll(): Promise<Deleted> {
    return this.#delete("deleteAll", () => true, "all");
  }

  async #delete(
    call: keyof Samples,
    goes: (sample: Sample) => boolean,
    session: string | null,
  ): Promise<Deleted> {
    this.#called(call);
    const store = this.#store;
    const before = [store.samples.length, store.sessions.length] as const;
    store.samples = store.samples.filter((sample) => !goes(sample));
    const left = store.sessions.filter(
      (each) => session === null || (session !== "all" && each.session !== session),
    );
    store.sessions.splice(0, before[1], ...left);
    return {
      samples: before[0] - store.samples.length,
      sessions: before[1] - left.length,
      note: NOTE,
    };
  }

  #called(call: keyof Samples): void {
    this.#store.calls.push(call);
    const trouble = this.#store.trouble?.[call];
    if (trouble !== undefined) {
      throw new SampleError(trouble, `made: ${trouble}`);
    }
    if (!this.#admitted) {
      throw new SampleError("token", "expected the header 'Authorization: Bearer TOKEN'");
    }
  }
}

/** What `openSamples` of the page is to be. */
export function fakeOpener(
  store: FakeStore,
  options: FakeSamplesOptions,
): (token: string | null) => Samples {
  return (token) => new FakeSamples(store, options.token === undefined || options.token === token);
}

function counted(samples: readonly Sample[]): Counts {
  const counts: Record<string, number> = {};
  for (const { label } of samples) {
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}
