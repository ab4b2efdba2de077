/** A graph that may be lost at any time, with one that goes on in its place. */

import type { Graph, Tensor } from "../vision/graph";
import { messageOf } from "./trouble";

type Feeds = Readonly<Record<string, Tensor>>;
type Outputs = Readonly<Record<string, Tensor>>;

/**
 * Asks `first` until it fails or `lost` tells that it is gone, then `second`, for good; the picture
 * that was being read is read again. A runtime whose device is gone may fail, never answer, or
 * answer nonsense, so that `lost` counts more than what it says.
 */
export class Guarded implements Graph {
  readonly #first: Graph;
  readonly #second: Graph;
  readonly #onLost: (why: string) => void;
  #isLost = false;
  /** Ends the wait for `first`; a race with `lost` itself would grow with every picture. */
  #leave: (why: Error) => void = () => undefined;

  constructor(first: Graph, second: Graph, lost: Promise<string>, onLost: (why: string) => void) {
    this.#first = first;
    this.#second = second;
    this.#onLost = onLost;
    void lost.then((why) => this.#lose(why));
  }

  async run(feeds: Feeds, outputs: readonly string[]): Promise<Outputs> {
    if (!this.#isLost) {
      try {
        const answer = await new Promise<Outputs>((resolve, reject) => {
          this.#leave = reject;
          this.#first.run(feeds, outputs).then(resolve, reject);
        });
        if (!this.#isLost) return answer;
      } catch (error) {
        this.#lose(messageOf(error));
      }
    }
    return this.#second.run(feeds, outputs);
  }

  #lose(why: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#leave(new Error(why));
    this.#onLost(why);
  }
}
