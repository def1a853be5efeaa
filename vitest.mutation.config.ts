import { defineConfig } from 'vitest/config';

// The tests that `npm run mutation` tries on changed code: those that need neither dist/ nor processes of their own.
export default defineConfig({
  test: {
    include: [
      'test/cache/**/*.test.ts',
      'test/runner/{drive,schedule,plan,lost-outputs,file-inputs}.test.ts',
    ],
    exclude: ['test/cache/crash.test.ts'],
    testTimeout: 30_000,
  },
});
