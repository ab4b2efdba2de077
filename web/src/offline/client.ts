/** The page's side of the service worker. */

import type { Message } from "./rules";

/** What the views need of it. */
export interface Offline {
  /** Call `listener` when a newer page waits; returns how to stop. */
  onUpdate(listener: () => void): () => void;
  /** Let the newer page take over, and reload. */
  applyUpdate(): void;
  /** Delete the kept models and detectors, so that the next attempt fetches them anew. */
  forgetModels(): Promise<void>;
}

/** Without a service worker (old browser, http:) the page works online, and all of this is idle. */
export class OfflinePage implements Offline {
  readonly #workers: ServiceWorkerContainer | null;
  readonly #reload: () => void;
  readonly #listeners = new Set<() => void>();
  readonly #registered: Promise<ServiceWorkerRegistration | null>;
  #waiting: ServiceWorker | null = null;

  /**
   * @param workers `navigator.serviceWorker`, where there is one.
   * @param script Address of the worker, in the folder that it serves.
   */
  constructor(workers: ServiceWorkerContainer | null, script: string, reload: () => void) {
    this.#workers = workers;
    this.#reload = reload;
    this.#registered =
      workers === null
        ? Promise.resolve(null)
        : workers.register(script).then(
            (registration) => {
              this.#watch(workers, registration);
              return registration;
            },
            () => null,
          );
  }

  /**
   * Resolves when the worker serves this page, so that what is fetched from then on is kept; after
   * `patienceMs` at the latest, and at once where an installed worker was passed by (a forced
   * reload).
   */
  async served(patienceMs: number): Promise<void> {
    const workers = this.#workers;
    const registration = await this.#registered;
    if (workers === null || workers.controller !== null || registration?.active !== null) {
      return;
    }
    await new Promise<void>((resolve) => {
      workers.addEventListener("controllerchange", () => resolve(), { once: true });
      setTimeout(resolve, patienceMs);
    });
  }

  onUpdate(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (this.#waiting !== null) {
      listener();
    }
    return () => this.#listeners.delete(listener);
  }

  /** Only the page that was asked reloads: others may be at work. */
  applyUpdate(): void {
    if (this.#waiting?.state !== "installed") {
      this.#reload(); // another window has let it take over already
      return;
    }
    this.#workers?.addEventListener("controllerchange", this.#reload, { once: true });
    const message: Message = { type: "take-over" };
    this.#waiting.postMessage(message);
  }

  async forgetModels(): Promise<void> {
    const worker = this.#workers?.controller ?? null;
    if (worker === null) {
      return;
    }
    const channel = new MessageChannel();
    const done = new Promise<void>((resolve) => {
      channel.port1.onmessage = () => resolve();
    });
    const message: Message = { type: "forget-models" };
    worker.postMessage(message, [channel.port2]);
    await done;
    channel.port1.close();
  }

  #watch(workers: ServiceWorkerContainer, registration: ServiceWorkerRegistration): void {
    const tell = (worker: ServiceWorker | null): void => {
      if (worker?.state === "installed" && workers.controller !== null) {
        this.#waiting = worker;
        for (const listener of this.#listeners) {
          listener();
        }
      }
    };
    tell(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const worker = registration.installing;
      worker?.addEventListener("statechange", () => tell(worker));
    });
  }
}
