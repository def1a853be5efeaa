import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeTree, parseTree, type Tree, type TreeFile } from '../../../src/cache/objects/tree.ts';
import { canonicalJson } from '../../../src/contract/canonical-json.ts';
import { foldName } from '../../../src/contract/file-name.ts';
import type { Json } from '../../../src/contract/json.ts';
import { type Digest, digestOfBytes } from '../../../src/files/digest.ts';

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

  it('takes names that begin alike', () => {
    const paths = ['a', 'ab', 'b/a', 'b/ab/c', 'bab/c'];
    const tree = { files: paths.map((path) => file(path)), emptyDirectories: ['c/d', 'c/dd/e'] };
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
    ['two cases of a directory further down', ['all/data/x/1', 'all/Data/x/2']],
    ['a file that is a directory', ['a', 'a/b']],
    ['a file that is a directory with directories', ['a', 'a/b/c/d']],
    ['a file that is a directory further down', ['a/b', 'a/b/c/d']],
    ['a file that is another case of a directory', ['A', 'a/b']],
  ])('refuses %s', (_, paths) => {
    const tree = { files: paths.map((path) => file(path)), emptyDirectories: [] };
    expect(() => parseTree(encodeTree(tree))).toThrow(/twice|two cases|a file and a directory/);
  });

  it.each([
    ['another version', { tree: 2 }],
    ['no list of files', { files: { length: 0 } }],
    ['files that are text', { files: 'abc' }],
    ['no list of empty directories', { emptyDirectories: {} }],
    ['an empty directory without a name', { emptyDirectories: [1] }],
    ['more than belongs to a tree', { more: 1 }],
    ['a file without a path', { files: [{ ...file('a'), path: 1 }] }],
    ['a file without a digest', { files: [{ path: 'a', bytes: 1, executable: false }] }],
    ['a file with a path for a digest', { files: [file('a', { digest: '../../etc/passwd' as Digest })] }],
    ['a file without a size', { files: [file('a', { bytes: 0.5 })] }],
    ['a file with a run bit of another kind', { files: [{ ...file('a'), executable: 1 }] }],
    ['a file with more than belongs to it', { files: [{ ...file('a'), mode: 0o777 }] }],
    ['nothing for a file', { files: [null] }],
  ])('refuses %s', (_, parts) => {
    const text = canonicalJson({ tree: 1, files: [], emptyDirectories: [], ...parts } as unknown as Json);
    expect(() => parseTree(text)).toThrow('not a tree object');
  });

  it.each([
    ['no JSON', '{'],
    ['another order', `{"tree":1,"files":[],"emptyDirectories":[]}`],
    ['white space', `${encodeTree({ files: [], emptyDirectories: [] })}\n`],
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
    ['ϴ', 'θ'],
    ['straße', 'STRASSE'],
  ])('takes %s and %s for the same', (one, other) => {
    expect(foldName(one)).toBe(foldName(other));
  });
});

function parseTreeUnchecked(text: string): Tree {
  return JSON.parse(text);
}
