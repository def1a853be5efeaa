import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { VERBS } from '../../src/cli/command-line.ts';
import { commandsPage } from '../../src/cli/commands-page.ts';
import { programWith } from '../../src/cli/program.ts';
import { pipelineJsonSchema } from '../../src/pipeline/schema/json-schema.ts';
import { namedPieces } from '../../src/pipeline/schema/named-pieces.ts';
import { referencePage } from '../../src/pipeline/schema/reference.ts';
import { stageTypes } from '../../src/stages/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

describe('what is generated from the schemas (node scripts/generate-reference.mjs)', () => {
  it('the JSON Schema for editors is current', () => {
    expect(read('schemas/pipeline.schema.json')).toBe(
      `${JSON.stringify(pipelineJsonSchema(stageTypes, namedPieces(join(root, 'configs'))), null, 2)}\n`,
    );
  });

  it('the reference page is current', () => {
    expect(read('docs/reference/stages.md')).toBe(referencePage(stageTypes));
  });

  it('the page of the commands is current, and has an example of each verb', () => {
    const page = read('docs/reference/commands.md');
    expect(page).toBe(commandsPage(programWith(Object.values(VERBS))));
    for (const [, verb] of page.matchAll(/^## pipe (.*)$/gm)) expect(page).toContain(`\n  pipe ${verb}`);
  });
});

describe('the JSON Schema for editors', () => {
  const validate = new Ajv({ allErrors: true, strict: false }).compile(
    JSON.parse(read('schemas/pipeline.schema.json')),
  );
  const errorsOf = (pipeline: unknown) =>
    validate(pipeline) ? [] : validate.errors!.map(({ instancePath }) => instancePath);
  const shipped = readdirSync(join(root, 'pipelines')).filter((file) => file.endsWith('.yaml'));

  it.each(shipped)('accepts pipelines/%s, which names it', (file) => {
    const text = read(`pipelines/${file}`);
    expect(errorsOf(parse(text))).toEqual([]);
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/schemas\/pipeline\.schema\.json\n/);
  });

  const data = { uses: 'download', with: { url: 'https://example.org/a' } };
  const pipeline = (stages: object, more: object = {}) => ({ schema: 1, name: 'a', stages, ...more });

  it('accepts templates, pieces by name, and parts of a pipeline that extends another', () => {
    const format = { uses: 'format', inputs: { data: 'data.file' } };
    expect(errorsOf(pipeline({ data: { ...data, retries: '${params.retries}' } }))).toEqual([]);
    for (const prompt of ['alpaca', { use: 'alpaca', header: 'x' }, '${params.prompt}']) {
      expect(errorsOf(pipeline({ data, format: { ...format, with: { prompt } } }))).toEqual([]);
    }
    expect(errorsOf({ extends: './base.yaml', stages: { data: { retries: 1 } } })).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['an unknown key', pipeline({ data }, { sweeps: {} }), ''],
    ['an unknown stage type', pipeline({ data: { ...data, uses: 'donwload' } }), '/stages/data/uses'],
    [
      'an unknown setting',
      pipeline({ data: { ...data, with: { url: 'x', ulr: 'x' } } }),
      '/stages/data/with',
    ],
    ['a missing setting', pipeline({ format: { uses: 'format' } }), '/stages/format'],
    ['a wrong type', pipeline({ data: { ...data, retries: 'often' } }), '/stages/data/retries'],
    ['a pipeline without stages', { schema: 1, name: 'a' }, ''],
  ])('refuses %s', (_, value, place) => {
    expect(errorsOf(value)).toContain(place);
  });
});
