#!/usr/bin/env node
// Runs TensorFlow.js's own tests of its operations, which ship inside @tensorflow/tfjs-core, on the onnxruntime
// engine: `npm run test:ops [-- --filter REGULAR_EXPRESSION] [--backend cpu]`. They are written for jasmine and for a
// bundler, so they are bundled first.
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import Jasmine from 'jasmine';

const { values: options } = parseArgs({
  options: { filter: { type: 'string' }, backend: { type: 'string', default: 'onnxruntime' } },
});
const root = join(import.meta.dirname, '../../..');
const core = join(root, 'node_modules/@tensorflow/tfjs-core/dist');
const tests = (await readdir(join(core, 'ops'), { recursive: true })).filter((name) =>
  name.endsWith('_test.js'),
);
const folder = join(root, 'node_modules/.cache/pipe');
const bundle = join(folder, 'op-tests.mjs');
await mkdir(folder, { recursive: true });
await build({
  stdin: {
    contents: [
      `import './op-tests-setup.ts';`,
      ...tests.map((name) => `import ${JSON.stringify(join(core, 'ops', name))};`),
    ].join('\n'),
    resolveDir: import.meta.dirname,
  },
  bundle: true,
  platform: 'node',
  format: 'esm',
  outfile: bundle,
  mainFields: ['module', 'main'],
  // The packages say that their files have no side effects, but registering kernels is one.
  ignoreAnnotations: true,
  external: ['jasmine-core', 'onnxruntime-node'],
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module';const require = requireFrom(import.meta.url);",
  },
  logLevel: 'error',
});
process.env.OP_TESTS_BACKEND = options.backend;
const jasmine = new Jasmine({ projectBaseDir: root });
jasmine.env.configure({ random: false, ...(options.filter && { specFilter: matching(options.filter) }) });
await jasmine.execute([bundle]);

function matching(pattern) {
  const expression = new RegExp(pattern);
  return (spec) => expression.test(spec.getFullName());
}
