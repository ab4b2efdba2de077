/** The parity page with models, detector, runtime and frames, as a server of mien answers them. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build, type Rolldown } from "vite";
import { SMALL_GRAPHS } from "../../src/engine/manifest";

const HERE = new URL("./", import.meta.url);
const PACKAGE = new URL("../../../src/mien/", HERE);

/** As src/mien/server/guard/security.py. */
export const HEADERS: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
};

/** What differs from a good host. */
export interface Fault {
  readonly headers?: Readonly<Record<string, string>>;
  /** Answers by path; undefined stays as it is, null is 404. */
  readonly answer?: (path: string, data: Uint8Array) => Uint8Array | null;
}

export interface Site {
  readonly url: string;
  /** Paths that were asked for. */
  readonly requests: string[];
  fault: Fault;
  close(): Promise<void>;
}

const TYPES: Readonly<Record<string, string>> = {
  html: "text/html",
  js: "text/javascript",
  json: "application/json",
  mjs: "text/javascript",
  wasm: "application/wasm",
};

const FOLDERS: readonly (readonly [prefix: string, folder: URL])[] = [
  ["runtime/", new URL("../../node_modules/onnxruntime-web/dist/", HERE)],
  ["models/small/", new URL("store/bundles/small/", PACKAGE)],
  ["detectors/halve", new URL("runtime/graphs/halve", PACKAGE)],
  ["detectors/", new URL("runtime/detectors/weights/", PACKAGE)],
  ["frames/", new URL("../frames/", HERE)],
];

/** Build the page and serve it on a free port of this machine. */
export async function openSite(): Promise<Site> {
  const built = await builtPage();
  const requests: string[] = [];
  const site: { fault: Fault } = { fault: {} };
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").slice(1) || "index.html";
    requests.push(path);
    const found = built.get(path) ?? fileAt(path);
    const data = found && site.fault.answer ? site.fault.answer(path, found) : found;
    const kind = TYPES[path.split(".").at(-1) ?? ""] ?? "application/octet-stream";
    const headers = site.fault.headers ?? HEADERS;
    response.writeHead(data ? 200 : 404, { ...headers, "content-type": kind }).end(data);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return Object.assign(site, { url, requests, close: () => closed(server) });
}

async function builtPage(): Promise<Map<string, Uint8Array>> {
  const output = (await build({
    configFile: false,
    root: fileURLToPath(new URL("page/", HERE)),
    base: "./",
    logLevel: "warn",
    worker: { format: "es" },
    define: { __GRAPHICS__: JSON.stringify(graphicsFiles()) },
    resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser"] },
    build: { write: false, target: "es2023", modulePreload: { polyfill: false } },
  })) as Rolldown.RolldownOutput;
  const files = output.output.map((file) => {
    const content = file.type === "chunk" ? file.code : file.source;
    return [file.fileName, new Uint8Array(Buffer.from(content))] as const;
  });
  return new Map([...files, ["models.json", Buffer.from(JSON.stringify(manifest()))]]);
}

/** As vite.config.ts; here the whole folder of the runtime is served. */
function graphicsFiles(): object {
  const path = "runtime/ort-wasm-simd-threaded.jspi.wasm";
  const data = fileAt(path) as Uint8Array;
  return {
    path,
    script: path.replace(/wasm$/, "mjs"),
    bytes: data.length,
    sha256: createHash("sha256").update(data).digest("hex"),
  };
}

function manifest(): object {
  const files = SMALL_GRAPHS.map((name) => {
    const data = fileAt(`detectors/${name}.onnx`) as Uint8Array;
    const sha256 = createHash("sha256").update(data).digest("hex");
    return [`${name}.onnx`, { bytes: data.length, sha256 }] as const;
  });
  const model = { name: "small", folder: "models/small", precisions: ["fp32", "int8"] };
  return {
    models: [{ ...model, parameters: 903_427, licence: "" }],
    detector: { folder: "detectors", files: Object.fromEntries(files) },
    runtime: "runtime/",
  };
}

function fileAt(path: string): Uint8Array | null {
  const place = FOLDERS.find(([prefix]) => path.startsWith(prefix));
  if (place === undefined) return null;
  const [prefix, folder] = place;
  const file = new URL(folder.href + path.slice(prefix.length));
  return existsSync(file) ? readFileSync(file) : null;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
