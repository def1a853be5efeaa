import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Document, isMap, isScalar, parse, visit } from 'yaml';
import { withSetting } from '../../../src/pipeline/yaml/add-setting.ts';

const DIGEST = 'a'.repeat(64);
const PATH = ['stages', 'get', 'with'];

/** The text without what was put in, if all of that is in one place. */
function isInsertion(before: string, after: string): boolean {
  const added = after.length - before.length;
  let same = 0;
  while (same < before.length && before[same] === after[same]) same++;
  for (let at = same; at >= 0 && at >= same - added; at--)
    if (after.slice(0, at) + after.slice(at + added) === before) return true;
  return false;
}

describe('a setting is added', () => {
  it.each([
    [
      'to a block',
      'stages:\n  get:\n    with:\n      url: x\n',
      'stages:\n  get:\n    with:\n      url: x\n      sha256: "1"\n',
    ],
    [
      'after a comment on the last line, before one on a line of its own',
      'stages:\n  get:\n    with:\n      url: "x" # there\n      # more\n  next: {}\n',
      'stages:\n  get:\n    with:\n      url: "x" # there\n      sha256: "1"\n      # more\n  next: {}\n',
    ],
    [
      'to a flow map',
      'stages: { get: { with: { url: "x" } } } # y\n',
      'stages: { get: { with: { url: "x", sha256: "1" } } } # y\n',
    ],
    [
      'to one with a comma at its end',
      'stages: { get: { with: { url: x, } } }',
      'stages: { get: { with: { url: x, sha256: "1", } } }',
    ],
    ['to an empty one', 'stages: { get: { with: {} } }', 'stages: { get: { with: { sha256: "1" } } }'],
    [
      'to a file of Windows',
      'stages:\r\n  get:\r\n    with:\r\n      url: x\r\n',
      'stages:\r\n  get:\r\n    with:\r\n      url: x\r\n      sha256: "1"\r\n',
    ],
    [
      'without a line break at its end',
      'stages:\n  get:\n    with:\n      url: x',
      'stages:\n  get:\n    with:\n      url: x\n      sha256: "1"',
    ],
    [
      'before a text of several lines',
      'stages:\n  get:\n    with:\n      url: >-\n        x\n        y\n  next: {}\n',
      'stages:\n  get:\n    with:\n      sha256: "1"\n      url: >-\n        x\n        y\n  next: {}\n',
    ],
  ])('%s', (_, before, after) => {
    expect(withSetting(before, PATH, 'sha256', '1')).toBe(after);
  });

  it.each([
    ['there is no map', 'stages: { get: { uses: download } }'],
    ['the key is there', 'stages: { get: { with: { sha256: "2" } } }'],
    ['the map is written once and used twice', 'a: &a { url: x }\nstages: { get: { with: *a } }'],
    ['an anchor of it is used elsewhere', 'stages: { get: { with: &a { url: x } }, b: { with: *a } }'],
    ['the text is no YAML', 'stages: { get: { with: { url: x }'],
  ])('to nothing where %s', (_, text) => {
    expect(withSetting(text, PATH, 'sha256', '1')).toBeUndefined();
  });

  it('to any map in any layout: nothing else changes, and a second time nothing', () => {
    const name = fc.stringMatching(/^[a-z][a-z_-]{0,8}$/).filter((text) => text !== 'sha256');
    const scalar = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '',
        'a: b',
        '# no comment',
        'two\nlines',
        ' spaced ',
        '- x',
        '"',
        "it's",
        '${params.x}',
        'ä 🙂',
      ),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
    );
    const value = fc.oneof(
      scalar,
      fc.array(scalar, { maxLength: 3 }),
      fc.dictionary(name, scalar, { maxKeys: 3 }),
    );
    const settings = fc.dictionary(name, value, { minKeys: 1, maxKeys: 4 });
    const layout = fc.record({
      indent: fc.integer({ min: 2, max: 6 }),
      width: fc.constantFrom(0, 20, 80),
      flow: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
      comments: fc.array(fc.option(fc.stringMatching(/^[ a-z:#{}-]{0,12}$/)), { minLength: 1, maxLength: 5 }),
      types: fc.array(
        fc.constantFrom('PLAIN', 'QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED'),
        {
          minLength: 1,
          maxLength: 5,
        },
      ),
      crlf: fc.boolean(),
      trimmed: fc.boolean(),
    });
    const added = fc.oneof(
      fc.constant(DIGEST),
      fc.dictionary(fc.stringMatching(/^[\w.-]{1,20}$/), fc.constant(DIGEST), { minKeys: 1 }),
    );
    const property = fc.property(settings, value, layout, added, (of, other, style, to) => {
      const document = new Document({
        name: 'x',
        stages: { before: { with: other }, get: { uses: 'download', with: of }, after: other },
      });
      let turn = 0;
      visit(document, (_, node) => {
        turn++;
        if (isMap(node) && turn > 4) node.flow = style.flow[turn % style.flow.length]!;
        if (isScalar(node) && typeof node.value === 'string') {
          node.type = style.types[turn % style.types.length]!;
          const comment = style.comments[turn % style.comments.length];
          if (comment !== null && comment !== undefined) node.comment = comment;
        }
      });
      const written = document.toString({ indent: style.indent, lineWidth: style.width });
      const text = (style.trimmed ? written.trimEnd() : written).replaceAll('\n', style.crlf ? '\r\n' : '\n');
      fc.pre(isParsed(text));
      const { stages, ...rest } = parse(text);
      const result = withSetting(text, PATH, 'sha256', to);
      expect(result, text).toBeDefined();
      const expected = {
        ...rest,
        stages: { ...stages, get: { ...stages.get, with: { ...stages.get.with, sha256: to } } },
      };
      expect(parse(result!)).toEqual(expected);
      expect(isInsertion(text, result!), `${text}\n---\n${result}`).toBe(true);
      expect(withSetting(result!, PATH, 'sha256', to)).toBeUndefined();
    });
    fc.assert(property, { numRuns: 500 });
  });
});

/** Some values cannot be written in some styles, and then the writer's text is no YAML. */
function isParsed(text: string): boolean {
  try {
    return typeof parse(text)?.stages?.get?.with === 'object' && parse(text).stages.get.with !== null;
  } catch {
    return false;
  }
}
