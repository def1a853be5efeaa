import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../../src/contract/json.ts';
import type { World } from '../../../src/contract/world.ts';
import type { Stage } from '../../../src/pipeline/pipeline.ts';
import { ObservedFacts } from '../../../src/runner/plan/observed-facts.ts';
import { temporaryDirectory } from '../../cache/temporary-directory.ts';
import { pipelineOf } from '../fixtures/pipeline-of.ts';
import { observing } from '../fixtures/stage-types.ts';

let cache: string;
/** How often the world was asked. */
let asked: number;

beforeEach(async () => {
  cache = await temporaryDirectory();
  asked = 0;
  vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A judge whose world answers with its settings, unless it is given another answer. */
function judge(
  settings: JsonObject = { model: 'llama3' },
  answer: (settings: JsonObject, signal: AbortSignal) => Promise<JsonObject> = async (settings) => settings,
  uses = 'judge',
): Stage {
  const type = {
    ...observing,
    uses,
    observe: (settings: JsonObject, { signal }: World) => {
      asked++;
      return answer(settings, signal);
    },
  };
  return pipelineOf(cache, { judge: { type, settings } }).stages[0]!;
}

/** As another run asks, a while later. */
async function askAfter(milliseconds: number, stage: Stage) {
  vi.setSystemTime(Date.now() + milliseconds);
  return await new ObservedFacts(cache, {}).of(stage);
}

describe('the facts of the world', () => {
  it('are asked for, and the answer is taken for granted for a minute', async () => {
    expect(await askAfter(0, judge())).toEqual({ facts: { model: 'llama3' } });
    const turned = judge(undefined, async () => ({ model: 'another' }));
    expect(await askAfter(59_999, turned)).toEqual({ facts: { model: 'llama3' } });
    expect(asked).toBe(1);
    expect(await askAfter(1, turned)).toEqual({ facts: { model: 'another' } });
    expect(asked).toBe(2);
  });

  it('are asked for again where the clock was set back: an answer of the future may be old', async () => {
    await askAfter(0, judge());
    await askAfter(-1, judge());
    expect(asked).toBe(2);
  });

  it('are not asked for where the process of the stage has just told them', async () => {
    await new ObservedFacts(cache, {}).remember(judge(), { model: 'told' });
    expect(await askAfter(0, judge())).toEqual({ facts: { model: 'told' } });
    expect(asked).toBe(0);
  });

  it('are others for other settings, and for another stage type', async () => {
    await askAfter(0, judge({ model: 'one' }));
    expect(await askAfter(0, judge({ model: 'two' }))).toEqual({ facts: { model: 'two' } });
    await askAfter(0, judge({ model: 'one' }, undefined, 'another'));
    expect(asked).toBe(3);
  });

  it('that nobody gives leave the reason, and are asked for again', async () => {
    const down = judge(undefined, async () => {
      throw new Error('connection refused');
    });
    expect(await askAfter(0, down)).toEqual({ unreachable: 'connection refused' });
    expect(await askAfter(0, judge())).toEqual({ facts: { model: 'llama3' } });
    const odd = judge({}, () => Promise.reject('not an error'));
    expect(await askAfter(0, odd)).toEqual({ unreachable: 'not an error' });
  });

  it('are waited for no longer than a second, also where the question does not heed its signal', async () => {
    let signalled = false;
    const silent = judge(undefined, (_, signal) => {
      signal.addEventListener('abort', () => {
        signalled = true;
      });
      return new Promise(() => {});
    });
    expect(await askAfter(0, silent)).toEqual({ unreachable: 'no answer within 1 s' });
    expect(signalled).toBe(true);
  });

  it('are known where they cannot be remembered', async () => {
    writeFileSync(join(cache, 'observed'), 'a file in the way');
    expect(await askAfter(0, judge())).toEqual({ facts: { model: 'llama3' } });
    rmSync(join(cache, 'observed'));
    await askAfter(0, judge());
    expect(asked).toBe(2);
  });
});
