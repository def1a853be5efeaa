#!/usr/bin/env node
// Writes what follows from the schemas: schemas/pipeline.schema.json for editors and docs/reference/stages.md.
// A test (test/pipeline/generated.test.ts) fails where they are not current.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const bundle = join(root, 'node_modules/.cache/pipe', `reference-${process.pid}.mjs`);

await build({
  stdin: {
    contents: `export { stageTypes } from './src/stages/index.ts';
      export { pipelineJsonSchema } from './src/pipeline/json-schema.ts';
      export { referencePage } from './src/pipeline/reference.ts';`,
    resolveDir: root,
    loader: 'ts',
  },
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  outfile: bundle,
});
try {
  const { stageTypes, pipelineJsonSchema, referencePage } = await import(pathToFileURL(bundle).href);
  await mkdir(join(root, 'schemas'), { recursive: true });
  await mkdir(join(root, 'docs/reference'), { recursive: true });
  const schema = JSON.stringify(pipelineJsonSchema(stageTypes), null, 2);
  await writeFile(join(root, 'schemas/pipeline.schema.json'), `${schema}\n`);
  await writeFile(join(root, 'docs/reference/stages.md'), referencePage(stageTypes));
} finally {
  await rm(bundle, { force: true });
}
