import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonFault } from '../../../src/text/data/json-fault.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** JSON with some of its characters replaced by others that JSON has. */
const damaged = fc
  .tuple(
    fc.json(),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(...'{}[]",:0.eE+-\\nNtu \n\'')), { maxLength: 3 }),
  )
  .map(([json, changes]) => {
    const signs = [...json];
    for (const [place, sign] of changes) signs[place % signs.length] = sign;
    return signs.join('');
  });

describe('the fault of a text that is not JSON', () => {
  it.each([
    ['\uFEFF{}', 1, 'a byte order mark (U+FEFF) stands within the text', 'Remove it'],
    ['[{}, \uFEFF{}]', 6, 'a byte order mark (U+FEFF) stands within the text', 'Remove it'],
    ['{"a": 1} {"a": 2}', 10, '"{\\"a\\": 2}" follows the end of the JSON text', 'jq -c . FILE'],
  ])('that joining files makes says how to part them: %j', (text, column, reason, hint) => {
    expect(jsonFault(text)).toEqual({ line: 1, column, reason, hint: expect.stringContaining(hint) });
  });

  it('is found exactly where JSON.parse refuses the text', () => {
    fc.assert(
      fc.property(damaged, (text) => {
        expect(jsonFault(text) === undefined).toBe(isJson(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('is not before the place up to which the text can still become JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), (json, cut) => {
        const part = json.slice(0, cut % json.length);
        const fault = jsonFault(part);
        // A number that is cut is a number all the same.
        if (fault) expect(`${fault.line} ${fault.reason}`).toMatch(/^1 .*(cut off|escape|missing)/);
      }),
    );
  });

  it.each([
    ['[{"a": 1},\n {"a": NaN}]', 2, 8, 'NaN is not JSON'],
    ['{"a": -Infinity}', 1, 7, '-Infinity is not JSON'],
    ['{"a": None}', 1, 7, 'None is Python, not JSON'],
    ["{'a': 1}", 1, 2, '"\'a\': 1}" is no quote of JSON, which has double ones'],
    ['[1,\n2,\n]', 3, 1, 'a comma stands before ], where JSON allows none'],
    ['[1 2]', 1, 4, 'a comma or ] is missing before "2]"'],
    ['{"a" 1}', 1, 6, 'a colon is missing before "1}"'],
    ['{a: 1}', 1, 2, 'a key in double quotes is missing before "a: 1}"'],
    ['["a\nb"]', 1, 4, 'a line break stands in a text; JSON writes it as an escape such as \\n'],
    ['["\\x"]', 1, 3, '"\\\\x\\"]" is no escape of JSON'],
    ['[{"a": 1}', 1, 10, 'it ends too early: the file may be cut off'],
    ['["a', 1, 2, 'the text that begins here is never closed: the file may be cut off'],
    ['{}\n{}', 2, 1, '"{}" follows the end of the JSON text'],
    ['01', 1, 1, 'a value is missing before "01"'],
  ])('%j is in line %i, column %i: %s', (text, line, column, reason) => {
    expect(jsonFault(text)).toMatchObject({ line, column, reason });
  });

  it('is found below a hundred thousand brackets', () => {
    expect(jsonFault(`${'['.repeat(100_000)}x`)).toMatchObject({ line: 1, column: 100_001 });
  });
});
