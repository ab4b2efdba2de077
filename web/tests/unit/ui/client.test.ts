import { describe, expect, it, vi } from "vitest";
import { OfflinePage } from "../../../src/offline/client";

/** A service worker that changes state when the test says so. */
class FakeWorker extends EventTarget {
  state = "installing";
  readonly postMessage = vi.fn();

  become(state: string): void {
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }
}

class FakeRegistration extends EventTarget {
  waiting: FakeWorker | null = null;
  installing: FakeWorker | null = null;
  active: FakeWorker | null = null;
}

class FakeContainer extends EventTarget {
  controller: FakeWorker | null = null;
  readonly registration = new FakeRegistration();
  readonly register = vi.fn(() => Promise.resolve(this.registration));
}

function page(container: FakeContainer): { offline: OfflinePage; reload: () => void } {
  const reload = vi.fn();
  const workers = container as unknown as ServiceWorkerContainer;
  return { offline: new OfflinePage(workers, "./sw.js", reload), reload };
}

describe("an update", () => {
  async function offered(): Promise<{
    container: FakeContainer;
    worker: FakeWorker;
    offline: OfflinePage;
    reload: () => void;
    listener: () => void;
  }> {
    const container = new FakeContainer();
    container.controller = new FakeWorker();
    const listener = vi.fn();
    const { offline, reload } = page(container);
    offline.onUpdate(listener);
    await offline.served(0);
    const worker = new FakeWorker();
    container.registration.installing = worker;
    container.registration.dispatchEvent(new Event("updatefound"));
    worker.become("installed");
    return { container, worker, offline, reload, listener };
  }

  it("is told, to late listeners too", async () => {
    const { listener, offline } = await offered();
    expect(listener).toHaveBeenCalledOnce();
    const late = vi.fn();
    offline.onUpdate(late);
    expect(late).toHaveBeenCalledOnce();
  });

  it("takes over when it is asked to, and only then reloads the page", async () => {
    const { container, worker, offline, reload } = await offered();
    container.dispatchEvent(new Event("controllerchange"));
    expect(reload).not.toHaveBeenCalled();
    offline.applyUpdate();
    expect(worker.postMessage).toHaveBeenCalledWith({ type: "take-over" });
    expect(reload).not.toHaveBeenCalled();
    container.dispatchEvent(new Event("controllerchange"));
    expect(reload).toHaveBeenCalledOnce();
  });

  it("that another window has let in needs a reload only", async () => {
    const { worker, offline, reload } = await offered();
    worker.become("activated");
    offline.applyUpdate();
    expect(worker.postMessage).not.toHaveBeenCalled();
    expect(reload).toHaveBeenCalledOnce();
  });

  it("is none at the first visit", async () => {
    const container = new FakeContainer();
    container.registration.waiting = new FakeWorker();
    container.registration.waiting.become("installed");
    const { offline } = page(container);
    const listener = vi.fn();
    offline.onUpdate(listener);
    await offline.served(0);
    expect(listener).not.toHaveBeenCalled();
  });
});

describe("waiting to be served", () => {
  it("ends when the worker has taken the page", async () => {
    const container = new FakeContainer();
    const { offline } = page(container);
    const served = vi.fn();
    const waiting = offline.served(60_000).then(served);
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(served).not.toHaveBeenCalled();
    container.dispatchEvent(new Event("controllerchange"));
    await waiting;
  });

  it("is short after a forced reload, without workers, and where they are refused", async () => {
    const forced = new FakeContainer();
    forced.registration.active = new FakeWorker();
    await page(forced).offline.served(60_000);
    await new OfflinePage(null, "./sw.js", () => undefined).served(60_000);
    const refused = new FakeContainer();
    refused.register.mockRejectedValue(new DOMException("no", "SecurityError"));
    await page(refused).offline.served(60_000);
  });
});

describe("forgetting the models", () => {
  it("ends when the worker has done it", async () => {
    const container = new FakeContainer();
    const controller = new FakeWorker();
    controller.postMessage.mockImplementation((_message: unknown, ports: MessagePort[]) =>
      ports[0]?.postMessage("done"),
    );
    container.controller = controller;
    await page(container).offline.forgetModels();
    expect(controller.postMessage).toHaveBeenCalledWith(
      { type: "forget-models" },
      expect.anything(),
    );
  });

  it("is nothing to do without a worker", async () => {
    await expect(page(new FakeContainer()).offline.forgetModels()).resolves.toBeUndefined();
  });
});
