import { defineConfig } from "vitest/config";

// Tests in a real browser: one after the other, against a real server.
export default defineConfig({
  test: {
    include: ["tests/browser/**/*.test.ts"],
    environment: "node",
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 90_000,
    // A browser that a busy machine starves may be late once; what fails twice is a defect.
    retry: 1,
    expect: { poll: { timeout: 10_000 } },
  },
});
