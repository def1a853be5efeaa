import fc from 'fast-check';
import { type TProperties, type TSchema, Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import { keyedSettings } from '../../../src/cache/records/keyed-settings.ts';
import type { Json, JsonObject } from '../../../src/contract/json.ts';

const result = { affects: 'result' } as const;
const execution = { affects: 'execution' } as const;

function keyed(properties: TProperties, settings: JsonObject): JsonObject {
  return keyedSettings(Type.Object(properties), settings);
}

/** One of two strings, in the way of JSON Schema that names no type. */
function oneOfValues(one: string, other: string, marks: object): TSchema {
  return Type.Unsafe({ enum: [one, other], ...marks });
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

  // Of two branches, the value fits one only; each drops something else, so what is kept says which one was taken.
  it.each<[string, readonly [TSchema, TSchema], Json, Json | undefined]>([
    ['one of several values', [oneOfValues('a', 'b', execution), Type.Integer()], 'b', undefined],
    [
      'another value than the ones listed',
      [oneOfValues('a', 'b', {}), Type.String(execution)],
      'c',
      undefined,
    ],
    ['null', [Type.Null(execution), Type.Integer()], null, undefined],
    ['no null', [Type.Null(), Type.Integer(execution)], 1, undefined],
    [
      'a union inside the union',
      [Type.Union([Type.Boolean(execution), Type.Integer(execution)]), Type.String()],
      1,
      undefined,
    ],
    [
      'nothing in the union inside the union',
      [Type.Union([Type.Boolean(), Type.Integer()]), Type.String(execution)],
      'x',
      undefined,
    ],
    [
      'nothing in the `oneOf` inside the union',
      [Type.Unsafe({ oneOf: [Type.Boolean(), Type.Integer()] }), Type.String(execution)],
      'x',
      undefined,
    ],
    [
      'only one part of an intersection',
      [
        Type.Intersect([Type.Object({ name: Type.String() }), Type.Object({ host: Type.String() })]),
        Type.Object({ name: Type.String(execution) }),
      ],
      { name: 'n' },
      {},
    ],
    [
      'a longer list of fixed length',
      [Type.Tuple([Type.Integer()]), Type.Tuple([Type.Integer(execution), Type.Integer()])],
      [1, 2],
      [2],
    ],
    [
      'a list of fixed length with other items',
      [Type.Tuple([Type.Integer(), Type.String()]), Type.Tuple([Type.Integer(execution), Type.Integer()])],
      [1, 2],
      [2],
    ],
    [
      'a list of which some items only fit the first branch',
      [Type.Array(Type.Integer()), Type.Array(Type.Union([Type.Integer(), Type.String()]), execution)],
      [1, 'x'],
      undefined,
    ],
    [
      'a property that the branch does not declare',
      [Type.Object({ host: Type.String(execution) }), Type.Integer()],
      { host: 'h', more: 1 },
      { more: 1 },
    ],
    [
      'an object with any names',
      [Type.Record(Type.String(), Type.Integer(execution)), Type.Integer()],
      { one: 1 },
      {},
    ],
  ])('finds the branch of a union by %s', (_, branches, value, expected) => {
    const schema = { value: Type.Union([...branches], result) };
    expect(keyed(schema, { value })).toEqual(expected === undefined ? {} : { value: expected });
  });

  it('keeps the whole value where branches with different marks both fit, or none does', () => {
    const differing = [
      [Type.Object({ a: Type.String(execution) }), Type.Object({ a: Type.String() })],
      [Type.Integer(execution), Type.Integer()],
    ] as const;
    for (const [one, other] of differing) {
      for (const branches of [
        [one, other],
        [other, one],
      ]) {
        const schema = { value: Type.Union(branches, result) };
        for (const value of [{ a: 'x' }, 7, true]) expect(keyed(schema, { value })).toEqual({ value });
      }
    }
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

  it('keeps of a list that affects the execution what its items mark as affecting the result', () => {
    const item = Type.Object({ model: Type.String(result), port: Type.Integer() });
    const schema = { servers: Type.Array(item, execution) };
    expect(keyed(schema, { servers: [{ model: 'm', port: 1 }] })).toEqual({ servers: [{ model: 'm' }] });
    expect(keyed(schema, { servers: [] })).toEqual({});
  });

  it('knows a property by the pattern of its name, as JSON Schema reads patterns, and keeps the others', () => {
    const record = Type.Unsafe({
      type: 'object',
      patternProperties: { '^.$': Type.String(execution), '^x-': Type.String(execution) },
      ...result,
    });
    const settings = { record: { x: 'dropped', '😀': 'dropped', 'x-port': 'dropped', name: 'kept' } };
    expect(keyed({ record }, settings)).toEqual({ record: { name: 'kept' } });
  });

  it('gives the properties that are not declared the marks of `additionalProperties`', () => {
    const server = Type.Object({ name: Type.String(), port: Type.Integer(execution) });
    const schema = { servers: Type.Object({}, { additionalProperties: server, ...result }) };
    const settings = { servers: { a: { name: 'a', port: 1 } } };
    expect(keyed(schema, settings)).toEqual({ servers: { a: { name: 'a' } } });
  });

  it.each(['__proto__', 'constructor', 'undefined', ''])('takes the name %j as any other', (name) => {
    const schema = { byName: Type.Record(Type.String(), Type.String(), result) };
    const byName = Object.fromEntries([
      [name, 'kept'],
      ['other', 'kept'],
    ]);
    expect(JSON.stringify(keyed(schema, { byName }))).toBe(JSON.stringify({ byName }));
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
