import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DiagnosticList } from '../../../src/pipeline/diagnostics/diagnostic-list.ts';
import { parseYaml } from '../../../src/pipeline/yaml/parse-yaml.ts';
import { toJson } from '../../../src/pipeline/yaml/value.ts';
import { loadText, stage } from '../fixture.ts';

interface Case {
  readonly text: string;
  readonly value: unknown;
}

const CASES = JSON.parse(
  readFileSync(new URL('../../golden/merge-keys.json', import.meta.url), 'utf8'),
) as Case[];

function parse(text: string) {
  const diagnostics = new DiagnosticList();
  const value = parseYaml(text, 'a.yaml', diagnostics);
  const errors = diagnostics.sorted([]).map(({ message, place }) => ({
    message,
    at: text.slice(place.offset, place.offset + place.length),
  }));
  return { errors, json: value && toJson(value) };
}

describe('merge keys', () => {
  it('mean what they mean to ruamel.yaml, in 80 random documents', () => {
    expect(CASES).toHaveLength(80);
    for (const { text, value } of CASES) expect(parse(text), text).toEqual({ errors: [], json: value });
  });

  it('let the first map win, and keys of the map itself over all, wherever they stand', () => {
    const map = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer());
    fc.assert(
      fc.property(fc.array(map, { minLength: 1, maxLength: 4 }), map, fc.nat(), (merged, own, at) => {
        const pairs = Object.entries(own).map(([key, value]) => `${key}: ${value}`);
        const anchors = merged.map((value, index) => `- &m${index} ${JSON.stringify(value)}\n`);
        const merge = `<<: [${merged.map((_, index) => `*m${index}`).join(', ')}]`;
        const all = pairs.toSpliced(at % (pairs.length + 1), 0, merge);
        const { errors, json } = parse(`base:\n${anchors.join('')}it: { ${all.join(', ')} }\n`);
        expect(errors).toEqual([]);
        expect((json as { it: unknown }).it).toEqual(Object.assign({}, ...merged.toReversed(), own));
      }),
    );
  });

  it.each([
    ['a text', 'it: { <<: defaults }', 'defaults'],
    ['nothing', 'it:\n  <<:\n', '<<'],
    ['a list with something else in it', 'a: &a { x: 1 }\nit: { <<: [*a, 3] }', '3'],
    ['a list of lists', 'it: { <<: [[{ x: 1 }]] }', '[{ x: 1 }]'],
    ['an alias of a text', 'a: &a text\nit: { <<: *a }', '<<'],
  ])('refuse %s, once', (_, text, at) => {
    const message = 'a merge key (`<<`) takes the keys of a map, or of each map of a list';
    expect(parse(text).errors).toEqual([{ message, at }]);
  });

  it('say nothing of their own of an alias that leads nowhere', () => {
    expect(parse('it: { <<: *missing }').errors).toEqual([
      { message: 'nothing is named `&missing` above this', at: '*missing' },
    ]);
  });

  it('are one for each map: programs disagree about which of two wins', () => {
    const text = 'a: &a { x: 1 }\nb: &b { x: 2 }\nit: { <<: *a, <<: *b }';
    expect(parse(text).errors).toEqual([{ message: '`<<` is given twice', at: '<<' }]);
  });

  it('do not explode: what is merged counts as often as it is repeated', () => {
    const levels = Array.from({ length: 30 }, (_, n) =>
      n === 0
        ? 'm0: &m0 { a: [1, 2, 3] }'
        : `m${n}: &m${n} { <<: [*m${n - 1}, *m${n - 1}], k${n}: [*m${n - 1}, *m${n - 1}] }`,
    );
    expect(parse(levels.join('\n')).errors).toEqual([
      expect.objectContaining({ message: 'aliases make this file more than 100,000 values long' }),
    ]);
  });

  it('share what stages have in common, from a place of its own', async () => {
    const pipeline = await loadText(`
x-defaults: &defaults
  uses: source
  retries: 2
  with: { text: shared }
stages:
  one: { <<: *defaults, x-note: this one is as it comes }
  two:
    <<: *defaults
    with: { times: 3 }
`);
    expect(stage(pipeline, 'one')).toMatchObject({
      settings: { text: 'shared', times: 1 },
      execution: { retries: 2 },
    });
    // Keys merge one level deep: `with` of the stage replaces the other one.
    expect(stage(pipeline, 'two')).toMatchObject({
      settings: { text: 'hello', times: 3 },
      execution: { retries: 2 },
    });
  });
});
