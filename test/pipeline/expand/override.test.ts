import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../src/contract/json.ts';
import { DiagnosticList } from '../../../src/pipeline/diagnostics/diagnostic-list.ts';
import { applyOverrides } from '../../../src/pipeline/expand/override.ts';
import { Sources } from '../../../src/pipeline/yaml/sources.ts';
import { locate, toJson } from '../../../src/pipeline/yaml/value.ts';
import { anyJson, mapOf } from '../fixture.ts';

const document = `
name: test
params: { epochs: 2, rates: { low: 0.1 }, engine: x }
stages:
  train: { uses: train, with: { betas: [0.9, 0.99], model: small } }
`;

function apply(...overrides: readonly string[]) {
  const diagnostics = new DiagnosticList();
  const isPiece = () => (path: readonly string[]) => path.at(-1) === 'model';
  const value = applyOverrides(mapOf(document), overrides, new Sources(), diagnostics, isPiece);
  const errors = diagnostics.sorted([]).map(({ message }) => message);
  return { value, errors, json: toJson(value) as JsonObject };
}

const at = (value: Json, ...path: readonly string[]) =>
  path.reduce<Json>((inner, key) => (inner as JsonObject)[key]!, value);

describe('applyOverrides', () => {
  it('types values as YAML', () => {
    for (const [text, value] of [
      ['3', 3],
      ['1e-4', 0.0001],
      ['true', true],
      ['"3"', '3'],
      ['some text', 'some text'],
      ['[1, {a: b}]', [1, { a: 'b' }]],
      ['a=b', 'a=b'],
    ] as const) {
      expect(at(apply(`epochs=${text}`).json, 'params', 'epochs')).toEqual(value);
    }
  });

  it.each(['epochs=', 'epochs= '])('refuses %j: the value was most likely forgotten', (text) => {
    expect(apply(text).errors).toEqual([`\`${text}\` has no value`]);
    expect(apply('epochs=null', 'name=""').errors).toEqual([]);
  });

  it('puts any JSON at its path and leaves everything else alone', () => {
    const before = toJson(mapOf(document)) as JsonObject;
    fc.assert(
      fc.property(anyJson, (value) => {
        const text = JSON.stringify(value);
        fc.pre(value !== null);
        const { json, errors } = apply(`stages.train.with.batch_size=${text}`);
        expect(errors).toEqual([]);
        expect(at(json, 'stages', 'train', 'with', 'batch_size')).toEqual(value);
        expect({ ...json, stages: null }).toEqual({ ...before, stages: null });
      }),
    );
  });

  it('means a parameter by a single name, and a key of the file where there is no such parameter', () => {
    const { json, errors } = apply('engine=y', 'name=other', 'rates.low=1');
    expect(errors).toEqual([]);
    expect(json.name).toBe('other');
    expect(json.params).toEqual({ epochs: 2, rates: { low: 1 }, engine: 'y' });
  });

  it('makes the maps on its way and takes the later of two', () => {
    expect(
      at(
        apply('stages.train.resources.gpu=1', 'stages.train.resources.gpu=2').json,
        'stages',
        'train',
        'resources',
      ),
    ).toEqual({ gpu: 2 });
  });

  it('removes with null', () => {
    expect(at(apply('stages.train.with.betas=null').json, 'stages', 'train', 'with')).toEqual({
      model: 'small',
    });
    expect(apply('stages.train=null').json.stages).toEqual({});
  });

  it('sets one item of a list', () => {
    expect(at(apply('stages.train.with.betas.1=0.5').json, 'stages', 'train', 'with', 'betas')).toEqual([
      0.9, 0.5,
    ]);
  });

  it('turns the name of a piece into a change of it', () => {
    expect(at(apply('stages.train.with.model.layers=2').json, 'stages', 'train', 'with', 'model')).toEqual({
      use: 'small',
      layers: 2,
    });
  });

  it('has places on the lines of --set', () => {
    const { value } = apply('epochs=3', 'stages.train.with.batch_size=4');
    const found = locate(value, ['stages', 'train', 'with', 'batch_size']);
    expect(found.value.place).toEqual({
      file: '--set',
      offset: 'epochs=3\nstages.train.with.batch_size='.length,
      length: 1,
    });
    expect(found.key).toEqual({ file: '--set', offset: 'epochs=3\nstages.train.with.'.length, length: 10 });
  });

  it('goes on after a wrong one', () => {
    const { json, errors } = apply('epoch=3', 'epochs=4');
    expect(errors).toEqual(['there is no parameter `epoch`']);
    expect(at(json, 'params', 'epochs')).toBe(4);
  });
});
