import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actionKey } from '../../../src/cache/records/action-key.ts';
import { changesBetween, describeChange } from '../../../src/cache/records/manifest-diff.ts';
import { digestOfBytes } from '../../../src/files/digest.ts';
import { manifest, manifests } from '../examples.ts';

describe('changesBetween', () => {
  it('names every part that differs by its path', () => {
    const [a, b] = [digestOfBytes('a'), digestOfBytes('b')];
    const before = manifest({
      settings: { learning_rate: 5e-5, judge: { prompt: 'old', seed: 123 }, layers: [1, 2] },
      inputs: { model: a, scores: { 'rate=0.1': a, 'rate=0.2': a } },
      env: { SEED: '1', GONE: 'x' },
    });
    const after = manifest({
      version: 2,
      settings: { learning_rate: 1e-4, judge: { prompt: 'new', seed: 123 }, layers: [1, 3], warmup: 10 },
      inputs: { model: b, scores: { 'rate=0.1': a, 'rate=0.2': b } },
      env: { SEED: '2' },
    });
    expect(changesBetween(before, after)).toEqual([
      { path: 'settings.judge.prompt', before: 'old', after: 'new' },
      { path: 'settings.layers', before: [1, 2], after: [1, 3] },
      { path: 'settings.learning_rate', before: 5e-5, after: 1e-4 },
      { path: 'settings.warmup', before: undefined, after: 10 },
      { path: 'inputs.model', before: a, after: b },
      { path: 'inputs.scores["rate=0.2"]', before: a, after: b },
      { path: 'env.GONE', before: 'x', after: undefined },
      { path: 'env.SEED', before: '1', after: '2' },
      { path: 'version', before: 1, after: 2 },
    ]);
  });

  it('enters what is executable, also where nothing was', () => {
    const one = manifest({ executable: { script: true } });
    expect(changesBetween(manifest(), one)).toEqual([
      { path: 'executable.script', before: undefined, after: true },
    ]);
    expect(changesBetween(one, manifest())).toEqual([
      { path: 'executable.script', before: true, after: undefined },
    ]);
  });

  it('quotes names that would read as another path', () => {
    const names = ['a.b', 'a b', '', 'é', 'a-b_1'];
    const after = manifest({ settings: Object.fromEntries(names.map((name) => [name, 1])) });
    expect(changesBetween(manifest(), after).map(({ path }) => path)).toEqual([
      'settings[""]',
      'settings["a b"]',
      'settings.a-b_1',
      'settings["a.b"]',
      'settings.é',
    ]);
  });

  it('is empty exactly when the action keys are equal', () => {
    fc.assert(
      fc.property(manifests, manifests, (one, other) => {
        expect(changesBetween(one, structuredClone(one))).toEqual([]);
        expect(changesBetween(one, other).length === 0).toBe(actionKey(one) === actionKey(other));
      }),
    );
  });

  it('gives every changed setting its own path', () => {
    fc.assert(
      fc.property(manifests, manifests, (one, other) => {
        const paths = changesBetween(one, other).map((change) => change.path);
        expect(new Set(paths).size).toBe(paths.length);
      }),
    );
  });
});

describe('describeChange', () => {
  it.each([
    ['settings.learning_rate', 0.00005, 0.0001, 'learning_rate 0.00005 -> 0.0001'],
    ['settings.judge.prompt', 'old', 'new', 'judge.prompt "old" -> "new"'],
    ['settings.env.inputs', 1, 2, 'env.inputs 1 -> 2'],
    ['settings["a.b"].settings', 1, 2, '["a.b"].settings 1 -> 2'],
    ['inputs.settings', 'a', 'b', 'input settings "a" -> "b"'],
    ['env.observed', 'a', 'b', 'variable observed "a" -> "b"'],
    ['settings.warmup', undefined, 10, 'warmup (none) -> 10'],
    ['env.SEED', '1', undefined, 'variable SEED "1" -> (none)'],
    ['version', 1, 2, 'version 1 -> 2'],
    ['observed.model_digest', 'a', 'b', 'observed model_digest "a" -> "b"'],
    ['inputs.model', digestOfBytes('abc'), digestOfBytes(''), 'input model ba7816bf8f01 -> e3b0c44298fc'],
    ['executable.script', undefined, true, 'input script is executable now'],
    ['executable["all/a=1"]', true, undefined, 'input ["all/a=1"] is not executable any more'],
  ])('says of %s: %j -> %j', (path, before, after, expected) => {
    expect(describeChange({ path, before, after })).toBe(expected);
  });

  it.each([
    ['at the start', 0, '"X12345678901234567890123456789012345678…'],
    ['in the middle', 50, '…890123456789X123456789012345678901234567…'],
    ['at the end', 99, '…12345678901234567890123456789012345678X"'],
  ])('shows 40 characters of a long text that differs %s', (_, index, expected) => {
    const before = '0123456789'.repeat(10);
    const after = `${before.slice(0, index)}X${before.slice(index + 1)}`;
    const line = describeChange({ path: 'settings.prompt', before, after });
    expect(line.split(' -> ')[1]).toBe(expected);
  });

  it('shows a long text from its start where there was none', () => {
    const line = describeChange({ path: 'settings.prompt', before: undefined, after: 'word '.repeat(20) });
    expect(line).toBe('prompt (none) -> "word word word word word word word word…');
  });

  it('shows two long texts where they part', () => {
    const start = 'Below is an instruction that describes a task. '.repeat(20);
    const line = describeChange({
      path: 'settings.prompt',
      before: `${start}Score it from 0 to 100.${start}`,
      after: `${start}Score it from 1 to 10.${start}`,
    });
    expect(line).toContain('from 0 to 100');
    expect(line).toContain('from 1 to 10');
    expect(line.length).toBeLessThan(120);
  });
});
