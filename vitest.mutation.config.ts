import { defineConfig } from 'vitest/config';

// The tests that `npm run mutation` tries on changed code: those that need neither dist/ nor processes of their own.
export default defineConfig({
  test: {
    include: [
      'test/cache/**/*.test.ts',
      'test/runner/{decide,drive,explain-miss,file-inputs,lost-outputs,observed-facts,plan,schedule,stage-graph}.test.ts',
    ],
    exclude: ['test/cache/crash.test.ts'],
    testTimeout: 30_000,
  },
});
