/** A host of files that never was: what `fetch` answers, by the end of the address. */

import { createHash } from "node:crypto";
import { vi } from "vitest";

export type Answer = Response | Error;

/** Let `fetch` answer by path; anything else is 404. Returns the requests that came. */
export function serveFiles(files: Readonly<Record<string, () => Answer>>): Request[] {
  const requests: Request[] = [];
  vi.stubGlobal("fetch", async (input: URL, init?: RequestInit) => {
    const request = new Request(input, init);
    requests.push(request);
    const path = Object.keys(files).find((end) => new URL(request.url).pathname.endsWith(end));
    const answer = path === undefined ? new Response("", { status: 404 }) : files[path]?.();
    if (answer instanceof Error) throw answer;
    return answer;
  });
  return requests;
}

export function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/** A card as `mien export` writes it, with what the page reads of it. */
export function madeCard(changes: object = {}): object {
  return {
    schema: "mien.bundle/1",
    name: "made",
    labels: { name: "two", labels: ["happy", "sad"], note: "" },
    outputs: ["logits", "activation"],
    geometry: {
      frame: 48,
      input_size: 44,
      samples: 2,
      template: [
        [15, 17],
        [32, 17],
        [23.5, 37],
      ],
      box_scale: 1,
    },
    files: {
      fp32: {
        sha256: "ab".repeat(32),
        calibration: { temperature: 0.9, threshold: 0.5, risk: 0.2 },
        metrics: [],
      },
    },
    ...changes,
  };
}

/** A list of files as `make page` writes it. */
export function madeManifest(changes: object = {}): object {
  const file = { bytes: 3, sha256: sha256("abc") };
  const names = ["pnet", "rnet", "onet", "resize", "halve"];
  return {
    models: [
      {
        name: "made",
        folder: "models/made",
        precisions: ["fp32", "int8"],
        parameters: 9,
        licence: "MIT",
      },
    ],
    detector: {
      folder: "detectors",
      files: Object.fromEntries(names.map((name) => [`${name}.onnx`, file])),
    },
    runtime: "runtime/",
    ...changes,
  };
}
