import { defineConfig } from 'vitest/config';

// The tests that `npm run mutation` tries on changed code: those that need neither dist/ nor processes of their own.
export default defineConfig({
  test: {
    include: [
      'test/{cache,files}/**/*.test.ts',
      'test/contract/canonical-json.test.ts',
      'test/runner/{plan,schedule}/*.test.ts',
    ],
    exclude: ['test/cache/crash.test.ts', 'test/runner/plan/preflight.test.ts'],
    testTimeout: 30_000,
  },
});
