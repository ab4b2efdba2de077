import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import type { Services } from "./app/services";
import { loadListing, openEngine, openSamples } from "./engine";
import { OfflinePage } from "./offline/client";
import { App } from "./ui/App";
import { Boundary } from "./ui/Boundary";
import "./styles/index.css";

/** How long the first visit waits for its service worker before it fetches the model. */
const PATIENCE_MS = 2000;

const root = document.getElementById("root");
if (root === null) {
  throw new Error("expected an element with the id root in index.html");
}
const workers = (navigator.serviceWorker as ServiceWorkerContainer | undefined) ?? null;
// The development server has no worker, and would only be served stale files by one.
const offline = new OfflinePage(import.meta.env.PROD ? workers : null, "./sw.js", () =>
  globalThis.location.reload(),
);
const services: Services = {
  openEngine,
  openSamples,
  loadListing: async () => {
    await offline.served(PATIENCE_MS);
    return loadListing();
  },
  offline,
};
createRoot(root).render(
  <StrictMode>
    <Boundary>
      <App services={services} />
    </Boundary>
  </StrictMode>,
);
