import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Two workers: tests of the real binary start processes of their own.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    globalSetup: ['test/build-once.ts'],
    // .ci/run counts from the JSON report.
    reporters: process.env.PIPE_TEST_REPORT
      ? ['default', ['json', { outputFile: process.env.PIPE_TEST_REPORT }]]
      : ['default'],
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'json-summary'] },
  },
});
