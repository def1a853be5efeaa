import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { outputSchemas } from '../../../src/cli/json-shapes/index.ts';

const SCHEMAS = resolve(import.meta.dirname, '../../../schemas');

it.each(Object.entries(outputSchemas))(
  'schemas/%s.schema.json is current (npm run generate)',
  (name, schema) => {
    const written = JSON.parse(readFileSync(resolve(SCHEMAS, `${name}.schema.json`), 'utf8'));
    expect(written).toEqual(JSON.parse(JSON.stringify(schema)));
  },
);
