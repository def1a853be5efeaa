import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StageError } from '../../src/contract/stage-context.ts';
import { CacheError } from '../../src/files/system-problem.ts';
import { UnknownStageError } from '../../src/runner/plan/stage-graph.ts';

/** What a part of the command line would throw: an error of its own copy of the class. */
async function copies() {
  vi.resetModules();
  const { CacheError: Cache } = await import('../../src/files/system-problem.ts');
  const { UnknownStageError: Unknown } = await import('../../src/runner/plan/stage-graph.ts');
  return { Cache, Unknown };
}

describe('an error of another bundle, with its copy of the class', () => {
  it('is known for what it is', async () => {
    const { Cache, Unknown } = await copies();
    expect(Cache).not.toBe(CacheError);
    expect(new Cache('no', 'do it') instanceof CacheError).toBe(true);
    expect(Unknown).not.toBe(UnknownStageError);
    expect(new Unknown('no') instanceof UnknownStageError).toBe(true);
    expect(new Unknown('no') instanceof StageError).toBe(true);
  });

  it('is not taken for an error of another kind', async () => {
    const { Cache, Unknown } = await copies();
    expect(new Cache('no', 'do it') instanceof StageError).toBe(false);
    expect(new Unknown('no') instanceof CacheError).toBe(false);
    expect(new StageError('no') instanceof UnknownStageError).toBe(false);
    expect(new Error('no') instanceof CacheError).toBe(false);
  });

  describe('is reported', () => {
    let said = '';
    beforeEach(() => {
      said = '';
      vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
        said += text;
        return true;
      });
    });
    afterEach(() => vi.restoreAllMocks());

    it('with its hint, and with the code of a wrong argument for an unknown stage', async () => {
      const { Cache, Unknown } = await copies();
      const { showError } = await import('../../src/cli/show-error.ts');
      vi.resetModules();
      expect(await showError(new Cache('the disk is full', 'free some space'))).toBe(1);
      expect(said).toBe('error: the disk is full\n  free some space\n');
      expect(await showError(new Unknown('no stage `x`'))).toBe(2);
    });
  });
});
