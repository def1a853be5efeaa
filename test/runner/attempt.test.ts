import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StageResult } from '../../src/contract/result.ts';
import type { StageSpec } from '../../src/contract/spec.ts';
import type { StageEvent } from '../../src/contract/stage-event.ts';
import { executeAttempt } from '../../src/runner/attempt.ts';
import type { AttemptHandle } from '../../src/runner/executor.ts';
import { RunControl } from '../../src/runner/run-control.ts';

/** A process elsewhere that ends only when it is killed, and tells only what it is told to. */
class Stubborn implements AttemptHandle {
  asked = 0;
  killed = false;
  readonly done: Promise<StageResult>;
  #end: (result: StageResult) => void = () => {};
  readonly #told: StageEvent[];

  constructor(told: StageEvent[]) {
    this.#told = told;
    this.done = new Promise((end) => {
      this.#end = end;
    });
  }

  get events(): AsyncIterable<StageEvent> {
    const { done } = this;
    const told = this.#told;
    return (async function* () {
      yield* told;
      await done;
    })();
  }

  cancel(): void {
    this.asked++;
  }

  kill(): void {
    this.killed = true;
    this.#end({ result: 1, status: 'failed', error: { message: 'was ended by SIGKILL' } });
  }
}

function attempt(timeout?: number, told: StageEvent[] = []) {
  const handle = new Stubborn(told);
  const control = new RunControl();
  const end = executeAttempt({} as StageSpec, {
    executor: { start: () => handle },
    surroundings: { environment: {}, log: '' },
    timeout,
    control,
    onEvent: () => {},
  });
  return { handle, control, end };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('an attempt that does not listen', () => {
  it('is asked, given 30 s, and killed', async () => {
    const { handle, control, end } = attempt();
    control.interrupt();
    expect(handle.asked).toBe(1);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(handle.killed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await end).toEqual({ status: 'cancelled' });
  });

  it('is killed at once by a second interrupt', async () => {
    const { control, end } = attempt();
    control.interrupt();
    control.interrupt();
    expect(await end).toEqual({ status: 'cancelled' });
  });

  it('is killed after its timeout, which does not run while another process does the work', async () => {
    const timed = attempt(60_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await timed.end).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('60 s') },
    });

    const waiting = attempt(60_000, [{ time: 0, type: 'waiting', holder: 'another' }]);
    await vi.advanceTimersByTimeAsync(1e6);
    expect(waiting.handle.killed).toBe(false);
    waiting.handle.kill();
    await waiting.end;
  });

  it('may have a timeout of months', async () => {
    const { handle, end } = attempt(1e11);
    await vi.advanceTimersByTimeAsync(1e6);
    expect(handle.killed).toBe(false);
    handle.kill();
    await end;
  });
});
