import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../../src/pipeline/diagnostics/diagnostic.ts';
import { formatDiagnostics } from '../../../src/pipeline/diagnostics/format-diagnostics.ts';
import { LineTable } from '../../../src/pipeline/yaml/line-table.ts';

const file = '/project/pipelines/a.yaml';
const diagnostic = (text: string, words: string, more: Partial<Diagnostic> = {}): Diagnostic => ({
  code: 'test',
  message: 'something is wrong',
  place: { file, offset: text.indexOf(words), length: words.length },
  ...more,
});
const format = (text: string, ...diagnostics: readonly Diagnostic[]) =>
  formatDiagnostics({ diagnostics, sources: new Map([[file, text]]) }, { directory: '/project' });

describe('formatDiagnostics', () => {
  it('underlines the place below its line and names it from the folder', () => {
    const text = 'a: 1\nb: wrong\n';
    expect(format(text, diagnostic(text, 'wrong', { hint: 'write 2' }))).toBe(
      [
        'pipelines/a.yaml:2:4: error: something is wrong',
        '  2 | b: wrong',
        '    |    ^^^^^',
        '  hint: write 2',
      ].join('\n'),
    );
  });

  it('keeps the caret below what it means after tabs and wide characters', () => {
    for (const [before, shown] of [
      ['\t', '    '],
      ['日本: ', '日本: '],
      ['🙂👩‍👩‍👧 ', '🙂👩‍👩‍👧 '],
      ['e\u0301', 'e\u0301'],
    ] as const) {
      const text = `${before}wrong`;
      const columns = { '\t': 4, '日本: ': 6, '🙂👩‍👩‍👧 ': 5, 'e\u0301': 1 }[before];
      expect(format(text, diagnostic(text, 'wrong')).split('\n').slice(1)).toEqual([
        `  1 | ${shown}wrong`,
        `    | ${' '.repeat(columns)}^^^^^`,
      ]);
    }
  });

  it('shows control characters as pictures: a file cannot write to the terminal', () => {
    const text = '\u001b[31mwrong';
    expect(format(text, diagnostic(text, 'wrong'))).toContain('␛[31mwrong');
  });

  it('cuts a long line around the place', () => {
    const text = `${'a'.repeat(300)}wrong${'b'.repeat(300)}`;
    const [, line, carets] = format(text, diagnostic(text, 'wrong')).split('\n') as [string, string, string];
    expect(line).toMatch(/^ {2}1 \| …a+wrongb+…$/);
    expect(line.length).toBeLessThan(110);
    expect(carets.indexOf('^')).toBe(line.indexOf('wrong'));
  });

  it('underlines a place of several lines to the end of the first', () => {
    const text = 'map:\n  a: 1\n  b: 2\n';
    expect(format(text, diagnostic(text, 'a: 1\n  b: 2')).split('\n').slice(1)).toEqual([
      '  2 |   a: 1',
      '    |   ^^^^',
    ]);
  });

  it('shows no credential, in the frame of another error neither', () => {
    const text = 'url: https://me:hunter2@example.org, nmae: x';
    const shown = format(text, diagnostic(text, 'me:hunter2', { conceal: true }), diagnostic(text, 'nmae'));
    expect(shown).not.toContain('hunter2');
    expect(shown.match(/https:\/\/•{10}@example\.org/g)).toHaveLength(2);
  });

  it('shows related places deeper, and stops after some', () => {
    const text = 'a: 1\n';
    const related = Array.from({ length: 9 }, () => ({
      message: 'also here',
      place: diagnostic(text, 'a').place,
    }));
    const shown = format(text, diagnostic(text, '1', { related }));
    expect(shown.match(/also here/g)).toHaveLength(6);
    expect(shown).toContain('    and 3 more places');
  });

  it('counts what is beyond the limit', () => {
    const text = 'a: 1\n';
    const diagnostics = Array.from({ length: 30 }, () => diagnostic(text, 'a'));
    expect(format(text, ...diagnostics)).toMatch(/\n\n10 more errors$/);
  });

  it('colours only when asked to', () => {
    const text = 'a: 1\n';
    const source = { diagnostics: [diagnostic(text, 'a')], sources: new Map([[file, text]]) };
    expect(formatDiagnostics(source, { directory: '/' })).not.toContain('\u001b');
    expect(
      formatDiagnostics(source, { directory: '/', paint: (style, text) => `<${style}>${text}` }),
    ).toContain('<red>');
  });
});

describe('LineTable', () => {
  it('finds the line and column that counting gives', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', '\n', '\r\n', 'é')), fc.nat(30), (parts, offset) => {
        const text = parts.join('');
        fc.pre(offset <= text.length);
        const before = text.slice(0, offset).split('\n');
        expect(new LineTable(text).position(offset)).toEqual({
          line: before.length,
          column: before.at(-1)!.length + 1,
        });
      }),
    );
  });

  it('gives lines without their breaks', () => {
    const table = new LineTable('one\r\ntwo\n\nfour');
    expect([1, 2, 3, 4].map((line) => table.line(line))).toEqual(['one', 'two', '', 'four']);
  });
});
