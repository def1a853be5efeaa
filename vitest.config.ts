import { defineConfig } from 'vitest/config';

/** Where .ci/run wants a report that it can count from. */
const REPORT = process.env.PIPE_TEST_REPORT;

/** What needs no process of its own, no engine and no training: a minute and a half on two cores. `npm run test:fast`. */
const FAST = [
  'test/*.test.ts',
  'test/{batch,contract,files,pipeline,reporters,statistics,terminal,text}/**/*.test.ts',
  'test/cache/**/!(crash).test.ts',
  'test/model/files/**/*.test.ts',
  'test/runner/{events,schedule}/*.test.ts',
  'test/runner/plan/!(preflight).test.ts',
  'test/stages/{tokenize,index}.test.ts',
  'test/stages/{format,judge,network,split}/**/!(same-model).test.ts',
  'test/stages/report/!(browser).test.ts',
];
export default defineConfig({
  test: {
    projects: [
      { extends: true, test: { name: 'fast', include: FAST } },
      {
        extends: true,
        test: {
          name: 'slow',
          include: ['test/**/*.test.ts'],
          exclude: FAST,
          globalSetup: ['test/build-once.ts'],
        },
      },
    ],
    setupFiles: ['test/seed.ts'],
    // Two workers: tests of the real binary start processes of their own.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: [
      'default',
      './test/skipped.ts',
      ...(REPORT === undefined ? [] : [['json', { outputFile: REPORT }] as ['json', object]]),
    ],
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'json-summary'] },
  },
});
