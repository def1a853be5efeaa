import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/contract/json.ts';
import { DiagnosticList } from '../../../src/pipeline/diagnostics/diagnostic-list.ts';
import { interpolate } from '../../../src/pipeline/expand/interpolate.ts';
import { Sources } from '../../../src/pipeline/yaml/sources.ts';
import { get, toJson, type Value } from '../../../src/pipeline/yaml/value.ts';
import { anyJson, anyScalar, mapOf } from '../fixture.ts';

function run(value: Json, params: Json) {
  const diagnostics = new DiagnosticList();
  const used = new Set<string>();
  const context = { params: mapOf(JSON.stringify(params)), sources: new Sources(), diagnostics, used };
  const document = mapOf(JSON.stringify({ value }));
  const result = interpolate(get(document, 'value') as Value, context);
  return { json: toJson(result), used, diagnostics, result };
}

const withoutTemplates = (text: string) => !text.includes('${');

describe('interpolate', () => {
  it('keeps the type of a parameter that is the whole text', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const text = JSON.stringify(value);
        fc.pre(withoutTemplates(text));
        expect(run('${params.x}', { x: value }).json).toEqual(value);
      }),
    );
  });

  it('puts text, numbers and truth values into a text', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('$')),
        anyScalar,
        fc.string().filter((text) => !text.includes('$')),
        (before, value, after) => {
          expect(run(`${before}<\${params.x}>${after}`, { x: value }).json).toBe(
            `${before}<${value}>${after}`,
          );
        },
      ),
    );
  });

  it('gives any text back from its escaped form', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('$', '{', '}', 'params', '.x', 'a')), (parts) => {
        const text = parts.join('');
        // A `$` right before an escape would itself be read as a part of it.
        fc.pre(!text.includes('$${'));
        expect(run(text.replaceAll('${', '$${'), { x: 1 }).json).toBe(text);
      }),
    );
  });

  it('leaves values without references alone', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        fc.pre(withoutTemplates(JSON.stringify(value)));
        const { json, used, diagnostics } = run(value, { x: 1 });
        expect(json).toEqual(value);
        expect([...used]).toEqual([]);
        expect(diagnostics.isEmpty).toBe(true);
      }),
    );
  });

  it('reaches into objects and lists, and takes all parameters at once', () => {
    const params = { a: { b: [10, { c: 'deep' }] } };
    expect(run(['${params.a.b.0}', '${params.a.b.1.c}!', '${ params }'], params).json).toEqual([
      10,
      'deep!',
      params,
    ]);
  });

  it('says which parameters were read', () => {
    expect([...run('${params.a.b} ${params.c}', { a: { b: 1 }, c: 2 }).used]).toEqual(['a', 'c']);
    expect([...run('${params}', {}).used]).toEqual(['*']);
  });

  it('keeps the place of the template and remembers where the value came from', () => {
    const { result } = run('${params.x}', { x: 'value' });
    expect(result.place).toMatchObject({ offset: 9, length: 13 });
    expect(result.origin).toMatchObject({ offset: 5, length: 7 });
  });
});
