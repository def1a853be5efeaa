#!/usr/bin/env node
// Writes what follows from declarations: schemas/pipeline.schema.json for editors, docs/reference/stages.md from the schemas and
// docs/reference/commands.md from the verbs.
// A test (test/pipeline/generated.test.ts) fails where they are not current.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importSource, root } from './import-source.mjs';

const { stageTypes, namedPieces, pipelineJsonSchema, referencePage, commandsPage, programWith, VERBS } =
  await importSource(`
  export { stageTypes } from './src/stages/index.ts';
  export { namedPieces } from './src/pipeline/schema/named-pieces.ts';
  export { pipelineJsonSchema } from './src/pipeline/schema/json-schema.ts';
  export { VERBS } from './src/cli/command-line.ts';
  export { programWith } from './src/cli/program.ts';
  export { commandsPage } from './src/cli/commands-page.ts';
  export { referencePage } from './src/pipeline/schema/reference.ts';`);
await mkdir(join(root, 'schemas'), { recursive: true });
await mkdir(join(root, 'docs/reference'), { recursive: true });
const schema = JSON.stringify(pipelineJsonSchema(stageTypes, namedPieces(join(root, 'configs'))), null, 2);
await writeFile(join(root, 'schemas/pipeline.schema.json'), `${schema}\n`);
await writeFile(join(root, 'docs/reference/stages.md'), referencePage(stageTypes));
await writeFile(join(root, 'docs/reference/commands.md'), commandsPage(programWith(Object.values(VERBS))));
