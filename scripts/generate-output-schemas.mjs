#!/usr/bin/env node
// Writes schemas/NAME.schema.json for everything that a verb prints with --json.
// A test (test/cli/json-shapes/generated.test.ts) fails where they are not current.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importSource, root } from './import-source.mjs';

const { outputSchemas } = await importSource(
  `export { outputSchemas } from './src/cli/json-shapes/index.ts'`,
);
await mkdir(join(root, 'schemas'), { recursive: true });
for (const [name, schema] of Object.entries(outputSchemas)) {
  await writeFile(join(root, 'schemas', `${name}.schema.json`), `${JSON.stringify(schema, null, 2)}\n`);
}
