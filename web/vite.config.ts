import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Paths are relative, so that the page runs in any folder of any host.
export default defineConfig({
  base: "./",
  plugins: [react()],
  worker: { format: "es" },
  build: {
    target: "es2023",
    outDir: "dist",
    assetsInlineLimit: 0,
    sourcemap: false,
    modulePreload: { polyfill: false },
  },
  test: { include: ["tests/unit/**/*.test.{ts,tsx}"], environment: "node" },
});
