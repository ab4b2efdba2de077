/**
 * How the page is built. Three plugins add what it needs beside its own code: its policy, the WASM
 * runtime and the licence texts, and the list of files that the service worker keeps.
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import type { Plugin, Rolldown } from "vite";
import { defineConfig } from "vitest/config";
import { withPolicy } from "./policy.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const MODULES = join(HERE, "node_modules");
const PUBLIC = join(HERE, "public");
const NOTICES = join(HERE, "tools", "notices");
const RUNTIME = ["ort-wasm-simd-threaded.wasm", "ort-wasm-simd-threaded.mjs"];

/** The runtime that also uses the graphics card; fetched when that is switched on, never before. */
const GRAPHICS = ["ort-wasm-simd-threaded.jspi.wasm", "ort-wasm-simd-threaded.jspi.mjs"] as const;
const GRAPHICS_FILES = graphicsFiles();

/** Files of `public/` that the page wants without a network. */
const KEPT = ["icon.svg", "icon-180.png", "icon-192.png", "manifest.webmanifest"];

/** Packages whose licence text is not in the package. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  "onnxruntime-web": ["onnxruntime-LICENSE.txt", "onnxruntime-ThirdPartyNotices.txt"],
  "onnxruntime-common": ["onnxruntime-LICENSE.txt"],
};

// Paths are relative, so that the page runs in any folder of any host.
export default defineConfig({
  base: "./",
  plugins: [react(), pagePolicy(), pageFiles(), workerList()],
  define: { __GRAPHICS__: JSON.stringify(GRAPHICS_FILES) },
  // What a worker loads later lies with the runtime, which is kept when used and not before.
  worker: {
    format: "es",
    rollupOptions: { output: { chunkFileNames: "runtime/[name]-[hash].js" } },
  },
  // ONNX Runtime without its own copy of the WASM glue: that is served from runtime/.
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser"] },
  build: {
    target: "es2023",
    outDir: "dist",
    assetsInlineLimit: 0,
    sourcemap: false,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: "index.html", sw: "src/sw.ts" },
      output: {
        // A service worker has a fixed name, in the folder that it serves.
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  test: { include: ["tests/unit/**/*.test.{ts,tsx}"], environment: "node" },
});

/** Not in development, where Vite's own scripts are inline. */
function pagePolicy(): Plugin {
  return {
    name: "mien-page-policy",
    apply: "build",
    transformIndexHtml: (html) => withPolicy(html),
  };
}

/** The runtime and the notices; fails where a bundled package has no licence text. */
function pageFiles(): Plugin {
  return {
    name: "mien-page-files",
    apply: "build",
    generateBundle(_options, bundle) {
      for (const name of RUNTIME) {
        this.emitFile({ type: "asset", fileName: `runtime/${name}`, source: runtimeFile(name) });
      }
      const [wasm, script] = GRAPHICS;
      const { path } = GRAPHICS_FILES;
      this.emitFile({ type: "asset", fileName: path, source: runtimeFile(wasm) });
      const fileName = GRAPHICS_FILES.script;
      this.emitFile({ type: "asset", fileName, source: runtimeFile(script) });
      const source = notices(["onnxruntime-web", "onnxruntime-common", ...packagesOf(bundle)]);
      this.emitFile({ type: "asset", fileName: "THIRD_PARTY.txt", source });
    },
  };
}

function runtimeFile(name: string): Buffer {
  return readFileSync(join(MODULES, "onnxruntime-web", "dist", name));
}

/** Where the page finds the graphics card's runtime: a folder named by its content. */
function graphicsFiles() {
  const [wasm, script] = GRAPHICS;
  const data = runtimeFile(wasm);
  const sha256 = createHash("sha256").update(data).digest("hex");
  const both = createHash("sha256").update(sha256).update(runtimeFile(script)).digest("hex");
  const folder = `runtime/graphics-${both.slice(0, 16)}`;
  return {
    path: `${folder}/${wasm}`,
    script: `${folder}/${script}`,
    bytes: data.length,
    sha256,
  };
}

/** Writes version and list of files into `sw.js`. */
function workerList(): Plugin {
  return {
    name: "mien-worker-list",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const worker = bundle["sw.js"];
        if (worker?.type !== "chunk") {
          this.error("expected the entry src/sw.ts to be built as sw.js; see vite.config.ts");
        }
        const files = Object.values(bundle)
          .map((file) => file.fileName)
          .filter(
            (name) => name !== "sw.js" && name !== "index.html" && !name.startsWith("runtime/"),
          )
          .sort();
        const page = bundle["index.html"];
        const html = page?.type === "asset" ? page.source : "";
        const version = createHash("sha256").update(worker.code).update(html);
        for (const name of files) {
          const file = bundle[name];
          version.update(name).update(file?.type === "chunk" ? file.code : (file?.source ?? ""));
        }
        for (const name of KEPT) {
          version.update(readFileSync(join(PUBLIC, name)));
        }
        const list = ["", ...files, ...KEPT]; // "" is the folder itself, which answers index.html
        worker.code = worker.code
          .replaceAll("__VERSION__", JSON.stringify(version.digest("hex").slice(0, 12)))
          .replaceAll("__PRECACHE__", JSON.stringify(list));
      },
    },
  };
}

/** Names of the packages that modules of the bundle come from. */
function packagesOf(bundle: Rolldown.OutputBundle): readonly string[] {
  const names = new Set<string>();
  for (const file of Object.values(bundle)) {
    for (const id of file.type === "chunk" ? file.moduleIds : []) {
      const found = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id.replaceAll("\\", "/"));
      if (found?.[1] !== undefined) {
        names.add(found[1]);
      }
    }
  }
  return [...names].sort();
}

function notices(packages: readonly string[]): string {
  const parts = [...new Set(packages)].map((name) => {
    const described: { version: string } = JSON.parse(
      readFileSync(join(MODULES, name, "package.json"), "utf8"),
    );
    return `${"=".repeat(78)}\n${name} ${described.version}\n${"=".repeat(78)}\n\n${licenceOf(name)}`;
  });
  return `This page contains the following software of others.\n\n${parts.join("\n\n")}\n`;
}

function licenceOf(name: string): string {
  const own = TEXTS[name];
  if (own !== undefined) {
    return own.map((file) => readFileSync(join(NOTICES, file), "utf8")).join("\n\n");
  }
  for (const file of ["LICENSE", "LICENSE.md", "LICENSE.txt", "license"]) {
    const path = join(MODULES, name, file);
    if (existsSync(path)) {
      return readFileSync(path, "utf8");
    }
  }
  throw new Error(`${name} is bundled but has no licence text; add one to tools/notices`);
}
