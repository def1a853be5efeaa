import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json, JsonObject } from '../../../src/contract/json.ts';
import { mergeMaps } from '../../../src/pipeline/expand/merge.ts';
import { locate, toJson } from '../../../src/pipeline/yaml/value.ts';
import { mapOf } from '../fixture.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd');
const leaf = fc.oneof(
  fc.integer(),
  fc.boolean(),
  fc.constantFrom('x', 'y'),
  fc.array(fc.integer(), { maxLength: 2 }),
);
const object: fc.Arbitrary<JsonObject> = fc.letrec<{ object: JsonObject; value: Json }>((tie) => ({
  object: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('object')),
})).object;

const merge = (base: JsonObject, over: JsonObject) =>
  toJson(mergeMaps(mapOf(JSON.stringify(base)), mapOf(JSON.stringify(over)))) as JsonObject;

describe('mergeMaps', () => {
  it('is undone by nothing and changes nothing when laid on itself', () => {
    fc.assert(
      fc.property(object, (value) => {
        expect(merge(value, {})).toEqual(value);
        expect(merge({}, value)).toEqual(value);
        expect(merge(value, value)).toEqual(value);
      }),
    );
  });

  it('does not mind the order of laying three on each other, as long as each stays above the one before', () => {
    fc.assert(
      fc.property(object, object, object, (a, b, c) => {
        // A scalar between two maps hides the lower one only when it is laid first: leave those cases out.
        fc.pre(!hides(a, b, c));
        expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)));
      }),
    );
  });

  it('takes every leaf of what is laid above', () => {
    fc.assert(
      fc.property(object, object, (base, over) => {
        const merged = merge(base, over);
        for (const [path, value] of leaves(over)) expect(at(merged, path)).toEqual(value);
      }),
    );
  });

  it('removes with null what the base has, deep inside too', () => {
    expect(merge({ a: { b: 1, c: 2 }, d: 3 }, { a: { b: null }, d: null })).toEqual({ a: { c: 2 } });
  });

  it('replaces lists', () => {
    expect(merge({ a: [1, 2, 3] }, { a: [4] })).toEqual({ a: [4] });
  });

  it('keeps the places of the file that wrote a value', () => {
    const merged = mergeMaps(mapOf('a: { x: 1, y: 2 }', 'base.yaml'), mapOf('a: { y: 3 }', 'own.yaml'));
    expect(locate(merged, ['a', 'x']).value.place.file).toBe('base.yaml');
    expect(locate(merged, ['a', 'y']).value.place.file).toBe('own.yaml');
  });
});

function isMap(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hides(a: JsonObject, b: JsonObject, c: JsonObject): boolean {
  return Object.keys(b).some((name) => {
    const [lower, middle, upper] = [a[name], b[name], c[name]];
    if (isMap(lower) && isMap(middle) && isMap(upper)) return hides(lower, middle, upper);
    return isMap(upper) && !isMap(middle) && lower !== undefined;
  });
}

function leaves(
  value: JsonObject,
  path: readonly string[] = [],
): readonly (readonly [readonly string[], Json])[] {
  return Object.entries(value).flatMap(([name, inner]) =>
    isMap(inner) ? leaves(inner, [...path, name]) : [[[...path, name], inner] as const],
  );
}

function at(value: Json, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((inner, name) => (isMap(inner) ? inner[name] : undefined), value);
}
