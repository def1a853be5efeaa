import { describe, expect, it } from 'vitest';
import { ENGINE_NAMES } from '../../src/contract/engine-name.ts';
import { chooseEngine, probeEngines } from '../../src/engine/choose-engine.ts';

// These start dist/engine-probe.js, as the program does.
describe('choosing an engine', () => {
  it('takes the one that is asked for by name, once it has computed something', async () => {
    const choice = await chooseEngine('cpu');
    expect(choice).toEqual({
      engine: 'cpu',
      requested: 'cpu',
      reason: 'asked for by name; a matrix product and its gradient came out right',
      candidates: [{ engine: 'cpu', usable: true, reason: expect.any(String), gflops: expect.any(Number) }],
    });
  });

  it('takes the best that works under auto, and says why the better ones do not', async () => {
    const { engine, requested, reason, candidates } = await chooseEngine('auto');
    expect(requested).toBe('auto');
    expect(candidates.at(-1)).toMatchObject({ engine, usable: true });
    expect(candidates.map((candidate) => candidate.engine)).toEqual(ENGINE_NAMES.slice(0, candidates.length));
    expect(reason).toMatch(/^the best that works here; /);
    for (const candidate of candidates.slice(0, -1)) {
      expect(candidate.usable && !candidate.only_by_name).toBe(false);
      expect(reason).toContain(`${candidate.engine}: ${candidate.reason}`);
    }
  });

  it('tells of every engine how to get it or how fast it is', async () => {
    const candidates = await probeEngines();
    expect(candidates.map(({ engine }) => engine)).toEqual([...ENGINE_NAMES]);
    for (const { engine, usable, gflops, reason } of candidates) {
      if (usable) expect(gflops).toBeGreaterThan(0);
      else expect(reason, engine).toMatch(/npm install|GPU|trial/);
    }
    expect(candidates.filter(({ usable }) => usable).map(({ engine }) => engine)).toEqual(
      expect.arrayContaining(['wasm', 'cpu']),
    );
  });
});
