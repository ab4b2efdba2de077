/** A real `mien serve`, a real Chromium with a pretended camera, and what both were asked for. */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");
const PYTHON = process.env.MIEN_PYTHON ?? join(ROOT, ".venv", "bin", "python");
const CHROMIUM = process.env.MIEN_CHROMIUM ?? "/usr/bin/chromium";

export const PORTRAIT = join(ROOT, "assets", "portrait.jpg");

export interface Served {
  /** Without a slash at the end. */
  readonly url: string;
  readonly port: number;
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Start the server on a free port; rejects with its words if it ends before it listens. */
export function serve(...options: string[]): Promise<Served> {
  const child = spawn(PYTHON, ["-m", "mien", "serve", "--port", "0", ...options], {
    cwd: tmpdir(),
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return new Promise((resolve, reject) => {
    const words: string[] = [];
    const lines = createInterface({ input: child.stderr });
    lines.on("line", (line) => {
      words.push(line);
      const found = /listening on https?:\/\/[^:]+:(\d+)/.exec(line);
      if (found?.[1] !== undefined) {
        resolve({
          url: `http://localhost:${found[1]}`,
          port: Number(found[1]),
          process: child,
          async stop() {
            child.kill("SIGINT");
            await ended;
          },
        });
      }
    });
    void ended.then(() => reject(new Error(`mien serve ended:\n${words.join("\n")}`)));
  });
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

export interface Host {
  /** Without a slash at the end. */
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A host between page and server that alters answers. Requests of the page's worker go through it
 * too, which the browser's own interception does not see.
 */
export async function between(
  origin: string,
  alter: (path: string, answer: Answer) => Answer,
): Promise<Host> {
  const host = createServer((request, response) => {
    const path = request.url ?? "/";
    void fetch(`${origin}${path}`, { headers: { "accept-encoding": "identity" } }).then(
      async (found) => {
        const { "content-length": _, ...headers } = Object.fromEntries(found.headers);
        const body = Buffer.from(await found.arrayBuffer());
        const answer = alter(path, { status: found.status, headers, body });
        response.writeHead(answer.status, answer.headers).end(answer.body);
      },
      () => response.writeHead(502).end(),
    );
  });
  return listening(host);
}

async function listening(host: Server): Promise<Host> {
  await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
  const { port } = host.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    stop: () =>
      new Promise((resolve) => {
        host.closeAllConnections();
        host.close(() => resolve());
      }),
  };
}

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** A host of a folder that knows types of files and sends no other header. */
export async function plainHost(folder: string): Promise<Host> {
  return listening(
    createServer((request, response) => {
      const path = new URL(request.url ?? "/", "http://host").pathname;
      const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
      if (!file.startsWith(folder) || !existsSync(file)) {
        response.writeHead(404).end();
        return;
      }
      const type = TYPES[extname(file)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type }).end(readFileSync(file));
    }),
  );
}

/** Run Python in the checkout and return what it wrote to stdout. */
export function python(...line: string[]): string {
  return execFileSync(PYTHON, line, { cwd: ROOT, encoding: "utf-8", maxBuffer: 1 << 28 });
}

export interface Scratch {
  /** The path of a clip, made once. */
  readonly clip: (name: string) => string;
  readonly at: (name: string) => string;
  remove(): void;
}

/** A folder of this run, removed at the end. */
export function scratch(): Scratch {
  const folder = mkdtempSync(join(tmpdir(), "mien-browser-"));
  return {
    at: (name) => join(folder, name),
    clip(name) {
      const path = join(folder, name);
      if (!existsSync(path)) {
        python("tools/make_camera_clip.py", path);
      }
      return path;
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

export type Camera = { readonly file: string } | "none" | "denied";

/** A browser whose camera plays a file, is not there, or is refused, with further flags. */
export function browse(camera: Camera, flags: readonly string[] = []): Promise<Browser> {
  const args = ["--no-sandbox", "--disable-gpu", ...flags];
  if (camera !== "none") {
    args.push("--use-fake-device-for-media-stream");
  }
  if (typeof camera === "object") {
    args.push("--use-fake-ui-for-media-stream", `--use-file-for-fake-video-capture=${camera.file}`);
  } else {
    args.push(camera === "none" ? "--use-fake-ui-for-media-stream" : "--deny-permission-prompts");
  }
  return chromium.launch({ executablePath: CHROMIUM, args });
}

export interface Visit {
  readonly page: Page;
  /** Addresses that were asked for and are not on this machine. */
  readonly strangers: string[];
  /** Errors that the page did not catch. */
  readonly failures: string[];
  close(): Promise<void>;
}

/** Open a page in a context of its own, the note of the first visit agreed to unless told. */
export async function visit(
  browser: Browser,
  url: string,
  settings: Record<string, unknown> = {},
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ locale: "en-GB", ...options });
  const strangers: string[] = [];
  const failures: string[] = [];
  context.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    const own = hostname === "localhost" || hostname === new URL(url).hostname;
    if (protocol.startsWith("http") && !own) {
      strangers.push(request.url());
    }
  });
  await context.addInitScript(
    (given) => {
      if (localStorage.getItem("mien.settings/1") === null) {
        localStorage.setItem("mien.settings/1", JSON.stringify(given));
      }
    },
    { noted: true, mirror: false, ...settings },
  );
  const page = await context.newPage();
  page.on("pageerror", (error) => failures.push(error.message));
  await page.goto(url);
  return { page, strangers, failures, close: () => context.close() };
}
