/**
 * The service worker: the page without a network.
 *
 * The page itself is kept at installation, under a name that holds its version; models, detectors
 * and the runtime at first use. Answers are kept whole, with their headers, so that a kept page is
 * as isolated (COOP, COEP) as the one that the server gave.
 */

import { newestIndex } from "./offline/indexes";
import { type Message, ruleFor } from "./offline/rules";

declare const self: ServiceWorkerGlobalScope;

/** Filled in by the build: a version, and the paths of the page's files. */
declare const __VERSION__: string;
declare const __PRECACHE__: readonly string[];

const PAGE = `mien-page-${__VERSION__}`;
const RUNTIME = `mien-runtime-${__VERSION__}`;
const MODELS = "mien-models";
const OURS = /^mien-/;

const precached = new Set(__PRECACHE__);
const base = new URL("./", self.location.href);

self.addEventListener("install", (event) => {
  const requests = __PRECACHE__.map(
    (path) => new Request(new URL(path, base), { cache: "reload" }),
  );
  event.waitUntil(caches.open(PAGE).then((cache) => cache.addAll(requests)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([deleteOld(), self.clients.claim()]));
});

self.addEventListener("message", (event) => {
  const message = event.data as Message;
  if (message.type === "take-over") {
    void self.skipWaiting();
  } else {
    event.waitUntil(caches.delete(MODELS).then(() => event.ports[0]?.postMessage("done")));
  }
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const path = pathOf(request.url);
  if (path === null) {
    return;
  }
  switch (ruleFor(path, request.method, request.mode === "navigate", precached)) {
    case "page":
      event.respondWith(fromPage(path, request));
      break;
    case "asset":
      event.respondWith(fromStore(path.startsWith("runtime/") ? RUNTIME : MODELS, event));
      break;
    case "index":
      event.respondWith(newest(path, event));
      break;
    case "network":
      break;
  }
});

/** Path below the folder of the page; null for anything else. */
function pathOf(url: string): string | null {
  const { origin, pathname } = new URL(url);
  return origin === base.origin && pathname.startsWith(base.pathname)
    ? pathname.slice(base.pathname.length)
    : null;
}

async function fromPage(path: string, request: Request): Promise<Response> {
  const name = path === "index.html" ? "" : path;
  const kept = await (await caches.open(PAGE)).match(new URL(name, base));
  return kept ?? fetch(request);
}

async function fromStore(name: string, event: FetchEvent): Promise<Response> {
  const { request } = event;
  const cache = await caches.open(name);
  const kept = await cache.match(request.url);
  if (kept !== undefined) {
    return kept;
  }
  const answer = await fetch(request);
  keep(cache, event, answer);
  return answer;
}

async function newest(path: string, event: FetchEvent): Promise<Response> {
  const cache = await caches.open(MODELS);
  const found = await newestIndex(cache, base, path, (url) => fetch(url, { cache: "no-cache" }));
  event.waitUntil(found.kept);
  return found.answer;
}

/** Keep a whole, good answer, beside giving it; a full disk is no reason to fail. */
function keep(cache: Cache, event: FetchEvent, answer: Response): void {
  if (answer.status === 200) {
    event.waitUntil(cache.put(event.request.url, answer.clone()).catch(() => undefined));
  }
}

async function deleteOld(): Promise<void> {
  const current = [PAGE, RUNTIME, MODELS];
  const names = await caches.keys();
  const old = names.filter((name) => OURS.test(name) && !current.includes(name));
  await Promise.all(old.map((name) => caches.delete(name)));
}
