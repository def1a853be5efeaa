import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { defineStage, type StageType } from '../../../src/contract/stage-type.ts';
import { compileValidators, createValidators } from '../../../src/pipeline/schema/compile-validators.ts';
import { stageTypes, validators } from '../fixture.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

function typeWith(options: Record<string, unknown>): ReadonlyMap<string, StageType> {
  const type = defineStage({
    uses: 'marked',
    version: 1,
    summary: 'Has a mark.',
    settings: Type.Object({ a: Type.Optional(Type.String(options)), b: Type.Optional(Type.String()) }),
    inputs: {},
    outputs: () => ({}),
    run: async () => {},
  });
  return new Map([['marked', type as StageType]]);
}

describe('createValidators', () => {
  it('accepts the marks of settings', () => {
    createValidators(typeWith({ affects: 'execution', pinnedBy: 'b', legacy: null, piece: 'models' }));
  });

  it.each([
    [{ afects: 'result' }, /unknown keyword: "afects"/],
    [{ affects: 'results' }, /value is invalid at path/],
    [{ piece: 'model' }, /value is invalid at path/],
    [{ pinnedBy: 'sha265' }, /which is not a setting next to it/],
  ])('refuses a misspelt mark: %j', (options, message) => {
    expect(() => createValidators(typeWith(options))).toThrow(message);
    expect(() => createValidators(typeWith(options))).toThrow('settings:marked');
  });

  it('refuses keys that a schema does not name, whether it says so or not', () => {
    expect(validators.get('settings:source')!({ txet: '' })).toBe(false);
  });
});

describe('compileValidators', () => {
  const { source } = compileValidators(stageTypes);

  it('asks for nothing but the small runtime', () => {
    const imports = [...source.matchAll(/(?:from |require\()"([^"]+)"/g)].map(([, name]) => name);
    expect(imports.every((name) => name?.startsWith('ajv/dist/runtime/'))).toBe(true);
    expect(source).not.toContain('require(');
  });

  it('gives a module that validates as the validators compiled here do', () => {
    const folder = join(root, 'node_modules/.cache/pipe');
    const file = join(folder, `validators-${process.pid}.mjs`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, source);
    const script = `
      import { validators } from ${JSON.stringify(pathToFileURL(file).href)};
      const settings = { method: { kind: 'until' }, rate: '1', style: { before: 'é', after: 'x' } };
      const valid = validators.get('settings:learn')(settings);
      console.log(JSON.stringify({ ids: [...validators.keys()], valid, errors: validators.get('settings:learn').errors, settings }));`;
    try {
      const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
        encoding: 'utf8',
      });
      const { ids, valid, errors, settings } = JSON.parse(printed);
      const here = validators.get('settings:learn')!;
      const same = { method: { kind: 'until' }, rate: '1', style: { before: 'é', after: 'x' } };
      expect(ids).toEqual([...validators.keys()]);
      expect(valid).toBe(here(same));
      expect(errors).toEqual(here.errors);
      expect(settings).toEqual(same);
    } finally {
      rmSync(file);
    }
  });
});
