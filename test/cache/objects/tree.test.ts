import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeTree, parseTree, type Tree, type TreeFile } from '../../../src/cache/objects/tree.ts';
import { canonicalJson } from '../../../src/contract/canonical-json.ts';
import { foldName } from '../../../src/contract/file-name.ts';
import { digestOfBytes } from '../../../src/files/digest.ts';

function file(path: string, parts: Partial<TreeFile> = {}): TreeFile {
  return { path, digest: digestOfBytes(path), bytes: path.length, executable: false, ...parts };
}

describe('encodeTree', () => {
  it('is the same for every order of files', () => {
    const files = ['b', 'a/c', 'a', 'a.b'].map((path) => file(path));
    fc.assert(
      fc.property(fc.shuffledSubarray(files, { minLength: files.length }), (shuffled) => {
        expect(encodeTree({ files: shuffled, emptyDirectories: [] })).toBe(
          encodeTree({ files, emptyDirectories: [] }),
        );
      }),
    );
  });

  it('sorts paths by their UTF-8 bytes, not by UTF-16 code units', () => {
    const paths = ['\u{10000}', '\ufb33', 'a', 'Z', 'é'];
    const text = encodeTree({ files: paths.map((path) => file(path)), emptyDirectories: [...paths] });
    const expected = ['Z', 'a', 'é', '\ufb33', '\u{10000}'];
    expect(parseTreeUnchecked(text).files.map(({ path }) => path)).toEqual(expected);
    expect(parseTreeUnchecked(text).emptyDirectories).toEqual(expected);
  });
});

describe('parseTree', () => {
  it('gives back what was encoded', () => {
    const tree = { files: [file('a/b', { executable: true }), file('c')], emptyDirectories: ['d/e', 'd/f'] };
    expect(parseTree(encodeTree(tree))).toEqual(expect.objectContaining(tree));
  });

  it.each([
    ['an absolute path', '/etc/passwd'],
    ['a path out of the directory', '../x'],
    ['a path through a parent', 'a/../../x'],
    ['a path through itself', './x'],
    ['an empty name', 'a//b'],
    ['no name', ''],
    ['a slash at the end', 'a/'],
    ['a NUL', 'a\0b'],
    ['a decomposed letter', 'e\u0301'],
  ])('refuses %s', (_, path) => {
    expect(() => parseTree(encodeTree({ files: [file(path)], emptyDirectories: [] }))).toThrow('not allowed');
    expect(() => parseTree(encodeTree({ files: [], emptyDirectories: [path] }))).toThrow('not allowed');
  });

  it.each([
    ['the same path twice', ['a', 'a']],
    ['two cases of a file', ['a/readme', 'a/README']],
    ['two cases of a directory', ['data/x', 'Data/y']],
    ['a file that is a directory', ['a', 'a/b']],
    ['a file that is another case of a directory', ['A', 'a/b']],
  ])('refuses %s', (_, paths) => {
    const tree = { files: paths.map((path) => file(path)), emptyDirectories: [] };
    expect(() => parseTree(encodeTree(tree))).toThrow(/twice|two cases|a file and a directory/);
  });

  it.each([
    ['no JSON', '{'],
    ['another version', canonicalJson({ tree: 2, files: [], emptyDirectories: [] })],
    ['another order', `{"tree":1,"files":[],"emptyDirectories":[]}`],
    ['white space', `${encodeTree({ files: [], emptyDirectories: [] })}\n`],
    ['a file without a digest', canonicalJson({ tree: 1, files: [{ path: 'a' }], emptyDirectories: [] })],
    ['null', 'null'],
  ])('refuses %s', (_, text) => {
    expect(() => parseTree(text)).toThrow();
  });
});

describe('foldName', () => {
  it.each([
    ['README', 'readme'],
    ['É', 'e\u0301'],
    ['ς', 'Σ'],
    ['\u212a', 'k'],
    ['straße', 'STRASSE'],
  ])('takes %s and %s for the same', (one, other) => {
    expect(foldName(one)).toBe(foldName(other));
  });
});

function parseTreeUnchecked(text: string): Tree {
  return JSON.parse(text);
}
