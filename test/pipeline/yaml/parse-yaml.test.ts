import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { DiagnosticList } from '../../../src/pipeline/diagnostics/diagnostic-list.ts';
import { parseYaml } from '../../../src/pipeline/yaml/parse-yaml.ts';
import { locate, toJson } from '../../../src/pipeline/yaml/value.ts';
import { anyJson } from '../fixture.ts';

// What is refused is in wrong/; here is what must be read, and as what.
function parse(text: string) {
  const diagnostics = new DiagnosticList();
  const value = parseYaml(text, 'a.yaml', diagnostics);
  const errors = diagnostics.sorted([]).map(({ message }) => message);
  return { value, errors, json: value && toJson(value) };
}

describe('parseYaml', () => {
  it('reads what YAML libraries write', () => {
    fc.assert(
      fc.property(anyJson, (json) => {
        const { errors, json: read } = parse(stringify({ json }, { aliasDuplicateObjects: false }));
        expect(errors).toEqual([]);
        expect(read).toEqual({ json });
      }),
    );
  });

  it.each([
    ['a:\n  b: "x\\"\n  c: "d"', 'this text has no closing quote: the last one is a part of it'],
    ["a:\n  b: 'x''\n  c: 'd'", 'this text has no closing quote: the last one is a part of it'],
    ['a:\n  b: "x\\\\"\n  c: "d"', undefined],
    ["a: ''\nc: ''''", undefined],
  ])('knows a quote that is a part of the text, before a line that is not indented: %j', (text, message) => {
    expect(parse(text).errors).toEqual(message === undefined ? [] : [message]);
  });

  it.each([
    ['5.0e-5', 0.00005],
    ['1e20', 1e20],
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['0x10', 16],
    ['0777', 777],
    ['1_000', '1_000'],
    ['yes', 'yes'],
    ['on', 'on'],
    ['2024-01-01', '2024-01-01'],
    ['12:30:45', '12:30:45'],
    ['~', null],
    ['!!str 12', '12'],
    ['"7e09353722115180"', '7e09353722115180'],
    [
      '7e09a9af353722ca15c18bc580f093f9c39d3178335a75177319cb1e1d163944',
      '7e09a9af353722ca15c18bc580f093f9c39d3178335a75177319cb1e1d163944',
    ],
    ['"<<"', '<<'],
  ])('reads %s by the core schema of YAML 1.2', (text, expected) => {
    expect(parse(`a: ${text}`)).toMatchObject({ errors: [], json: { a: expected } });
  });

  it('follows aliases, an anchor given again included', () => {
    const text = 'a: &x { n: 1 }\nb: *x\nc: &x 2\nd: [*x, *x]\n';
    expect(parse(text)).toMatchObject({ errors: [], json: { a: { n: 1 }, b: { n: 1 }, c: 2, d: [2, 2] } });
  });

  it('knows the place of every key and value', () => {
    const text = 'a:\r\n  - "x"\r\n  - { b: 2 }\r\n';
    const { value } = parse(text);
    const word = ({ offset, length }: { offset: number; length: number }) =>
      text.slice(offset, offset + length);
    expect(word(locate(value!, ['a', '0']).value.place)).toBe('"x"');
    expect(word(locate(value!, ['a', '1', 'b']).key!)).toBe('b');
    expect(word(locate(value!, ['a', '1', 'b']).value.place)).toBe('2');
  });

  it('stops a billion laughs without laughing', () => {
    const levels = Array.from(
      { length: 30 },
      (_, level) =>
        `  a${level}: &a${level} [${
          level === 0
            ? 'ha'
            : Array(9)
                .fill(`*a${level - 1}`)
                .join(', ')
        }]`,
    );
    expect(parse(`all:\n${levels.join('\n')}\n`).errors).toEqual([
      'aliases make this file more than 100,000 values long',
    ]);
  });
});
