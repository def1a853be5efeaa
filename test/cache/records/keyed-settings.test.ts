import { type TProperties, Type } from '@sinclair/typebox';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyedSettings } from '../../../src/cache/records/keyed-settings.ts';
import type { JsonObject } from '../../../src/contract/json.ts';

const result = { affects: 'result' } as const;
const execution = { affects: 'execution' } as const;

function keyed(properties: TProperties, settings: JsonObject): JsonObject {
  return keyedSettings(Type.Object(properties), settings);
}

describe('keyedSettings', () => {
  it('keeps what affects the result and drops what affects only the execution', () => {
    const schema = { epochs: Type.Integer(result), concurrency: Type.Integer(execution) };
    expect(keyed(schema, { epochs: 2, concurrency: 8 })).toEqual({ epochs: 2 });
  });

  it('gives nested properties the mark of their parent unless they have their own', () => {
    const schema = {
      judge: Type.Object(
        {
          model: Type.String(),
          endpoint: Type.String(execution),
          options: Type.Object({ seed: Type.Integer() }),
        },
        result,
      ),
      network: Type.Object({ timeout: Type.Integer(), encoding: Type.String(result) }, execution),
      retries: Type.Object({ most: Type.Integer() }, execution),
    };
    const settings = {
      judge: { model: 'llama3', endpoint: 'http://localhost', options: { seed: 123 } },
      network: { timeout: 5, encoding: 'utf-8' },
      retries: { most: 3 },
    };
    expect(keyed(schema, settings)).toEqual({
      judge: { model: 'llama3', options: { seed: 123 } },
      network: { encoding: 'utf-8' },
    });
  });

  it('drops a setting that a sibling pins, and keeps it where that is absent or null', () => {
    const schema = {
      url: Type.String({ ...result, pinnedBy: 'sha256' }),
      sha256: Type.Optional(Type.Union([Type.String(), Type.Null()], result)),
    };
    expect(keyed(schema, { url: 'https://a', sha256: 'abc' })).toEqual({ sha256: 'abc' });
    expect(keyed(schema, { url: 'https://a' })).toEqual({ url: 'https://a' });
    expect(keyed(schema, { url: 'https://a', sha256: null })).toEqual({ url: 'https://a', sha256: null });
  });

  it('pins also inside the values of a record', () => {
    const file = Type.Object({
      url: Type.String({ pinnedBy: 'sha256' }),
      sha256: Type.Optional(Type.String()),
    });
    const schema = { files: Type.Record(Type.String(), file, result) };
    const settings = { files: { a: { url: 'u', sha256: 's' }, b: { url: 'v' } } };
    expect(keyed(schema, settings)).toEqual({ files: { a: { sha256: 's' }, b: { url: 'v' } } });
  });

  it('leaves out a setting at its legacy value, at any depth', () => {
    const schema = {
      clip: Type.Number({ ...result, legacy: 0 }),
      lora: Type.Object(
        { rank: Type.Integer(), host: Type.String(execution) },
        { ...result, legacy: { rank: 0 } },
      ),
      optimizer: Type.Object({ name: Type.String(), fused: Type.Boolean({ legacy: false }) }, result),
    };
    const optimizer = { name: 'adamw', fused: false };
    expect(keyed(schema, { clip: 0, lora: { rank: 0, host: 'any' }, optimizer })).toEqual({
      optimizer: { name: 'adamw' },
    });
    expect(
      keyed(schema, { clip: 1, lora: { rank: 8, host: 'any' }, optimizer: { ...optimizer, fused: true } }),
    ).toEqual({
      clip: 1,
      lora: { rank: 8 },
      optimizer: { name: 'adamw', fused: true },
    });
  });

  it('takes the branch of a union that the value fits', () => {
    const ollama = Type.Object({
      kind: Type.Literal('ollama'),
      model: Type.String(),
      address: Type.String(execution),
    });
    const reference = Type.Object({ kind: Type.Literal('reference'), address: Type.String() });
    const schema = { judge: Type.Union([ollama, reference], result) };
    expect(keyed(schema, { judge: { kind: 'ollama', model: 'm', address: 'a' } })).toEqual({
      judge: { kind: 'ollama', model: 'm' },
    });
    expect(keyed(schema, { judge: { kind: 'reference', address: 'a' } })).toEqual({
      judge: { kind: 'reference', address: 'a' },
    });
  });

  it('tells the branches of a union apart by type, required and additional properties, and items', () => {
    const strict = { additionalProperties: false };
    const branches = [
      Type.Integer(execution),
      Type.Array(Type.String(), execution),
      Type.Tuple([Type.Integer(), Type.Object({ host: Type.String(execution), port: Type.Integer() })]),
      Type.Object({ a: Type.String(execution) }, strict),
      Type.Object({ a: Type.String(), b: Type.String(execution) }, strict),
    ];
    const schema = { value: Type.Union(branches, result) };
    expect(keyed(schema, { value: 1 })).toEqual({});
    expect(keyed(schema, { value: ['x'] })).toEqual({});
    expect(keyed(schema, { value: [1, { host: 'h', port: 2 }] })).toEqual({ value: [1, { port: 2 }] });
    expect(keyed(schema, { value: { a: 'x' } })).toEqual({ value: {} });
    expect(keyed(schema, { value: { a: 'x', b: 'y' } })).toEqual({ value: { a: 'x' } });
  });

  it('keeps the whole value where branches with different marks both fit, or none does', () => {
    const branches = [Type.Object({ a: Type.String(execution) }), Type.Object({ a: Type.String() })];
    const schema = { value: Type.Union(branches, result) };
    expect(keyed(schema, { value: { a: 'x' } })).toEqual({ value: { a: 'x' } });
    expect(keyed(schema, { value: 7 })).toEqual({ value: 7 });
  });

  it('enters records, arrays and intersections', () => {
    const server = Type.Object({ name: Type.String(), port: Type.Integer(execution) });
    const schema = {
      servers: Type.Array(server, result),
      byName: Type.Record(Type.String(), server, result),
      both: Type.Intersect([server, Type.Object({ path: Type.String(execution) })], result),
    };
    const settings = {
      servers: [{ name: 'a', port: 1 }],
      byName: { x: { name: 'b', port: 2 } },
      both: { name: 'c', port: 3, path: '/' },
    };
    expect(keyed(schema, settings)).toEqual({
      servers: [{ name: 'a' }],
      byName: { x: { name: 'b' } },
      both: { name: 'c' },
    });
  });

  it('keeps empty objects and lists that affect the result', () => {
    const schema = {
      list: Type.Array(Type.String(), result),
      map: Type.Record(Type.String(), Type.String(), result),
    };
    expect(keyed(schema, { list: [], map: {} })).toEqual({ list: [], map: {} });
  });

  it.each([
    ['without a mark', { epochs: Type.Integer() }, { epochs: 1 }],
    ['that is only pinned', { epochs: Type.Integer({ pinnedBy: 'other' }) }, { epochs: 1 }],
    ['that the schema does not have', {}, { epochs: 1 }],
    ['that only Object.prototype has', {}, { valueOf: 1 }],
  ] satisfies [string, TProperties, JsonObject][])(
    'throws an internal error for a setting %s',
    (_, schema, settings) => {
      expect(() => keyed(schema, settings)).toThrow('Internal error: setting');
    },
  );

  it('keeps every unmarked value below a setting that affects the result, and none below the others', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const value = JSON.parse(JSON.stringify(json)) as JsonObject;
        const settings = { kept: value, dropped: value };
        const schema = { kept: Type.Unknown(result), dropped: Type.Unknown(execution) };
        expect(keyed(schema, settings)).toEqual({ kept: value });
      }),
    );
  });
});
