import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { excluderOf } from '../../src/files/excluded.ts';

describe('what a folder input leaves out', () => {
  it.each([
    ['*.log', ['a.log', 'deep/er/a.log', '.log'], ['a.log.txt', 'log']],
    ['build/', ['build', 'code/build'], ['builds', 'build.ts']],
    ['out/*.txt', ['out/a.txt'], ['a.txt', 'out/deep/a.txt', 'code/out/a.txt']],
    ['data/**/tmp', ['data/tmp', 'data/a/b/tmp'], ['tmp', 'data/tmps']],
    ['a?c', ['abc', 'x/a-c'], ['ac', 'abbc']],
    ['a+(b)[c]', ['a+(b)[c]'], ['aab', 'a+bc']],
  ])('%s leaves out %j and not %j', (pattern, out, kept) => {
    const isExcluded = excluderOf([pattern]);
    expect(out.filter((path) => !isExcluded(path))).toEqual([]);
    expect(kept.filter(isExcluded)).toEqual([]);
  });

  it('always includes what Python, editors and version control leave', () => {
    const junk = [
      '__pycache__',
      'pkg/__pycache__',
      '.main.py.swp',
      'main.py~',
      '.DS_Store',
      '.git',
      '#main.py#',
    ];
    expect(junk.filter((path) => !excluderOf([])(path))).toEqual([]);
    expect(['main.py', 'git', 'a/b.json', '~a'].filter(excluderOf([]))).toEqual([]);
  });

  it('takes a pattern without signs for the name itself, whatever it holds', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter((name) => !/[*?/]/.test(name)),
        (name) => {
          expect(excluderOf([name])(name)).toBe(true);
          expect(excluderOf([name])(`folder/${name}`)).toBe(true);
          expect(excluderOf([name])(`${name}x/other`)).toBe(false);
        },
      ),
    );
  });
});
