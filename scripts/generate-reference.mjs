#!/usr/bin/env node
// Writes what follows from the schemas: schemas/pipeline.schema.json for editors and docs/reference/stages.md.
// A test (test/pipeline/generated.test.ts) fails where they are not current.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importSource, root } from './import-source.mjs';

const { stageTypes, namedPieces, pipelineJsonSchema, referencePage } = await importSource(`
  export { stageTypes } from './src/stages/index.ts';
  export { namedPieces } from './src/pipeline/schema/named-pieces.ts';
  export { pipelineJsonSchema } from './src/pipeline/schema/json-schema.ts';
  export { referencePage } from './src/pipeline/schema/reference.ts';`);
await mkdir(join(root, 'schemas'), { recursive: true });
await mkdir(join(root, 'docs/reference'), { recursive: true });
const schema = JSON.stringify(pipelineJsonSchema(stageTypes, namedPieces(join(root, 'configs'))), null, 2);
await writeFile(join(root, 'schemas/pipeline.schema.json'), `${schema}\n`);
await writeFile(join(root, 'docs/reference/stages.md'), referencePage(stageTypes));
