import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// Apart from the unit tests: needs frames that Python has made, and minutes on a busy machine.
export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: {
    include: ["tests/parity/**/*.test.ts"],
    environment: "node",
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
