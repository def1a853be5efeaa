import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StageResult } from '../../../src/contract/attempt/result.ts';
import type { StageEvent } from '../../../src/contract/attempt/stage-event.ts';
import { followAttempt } from '../../../src/runner/attempt/attempt.ts';
import type { AttemptHandle } from '../../../src/runner/executor/executor.ts';
import { RunControl } from '../../../src/runner/schedule/run-control.ts';

/** A process elsewhere that ends only when it is killed, and tells nothing. */
class Stubborn implements AttemptHandle {
  asked = 0;
  killed = false;
  readonly done: Promise<StageResult>;
  #end: (result: StageResult) => void = () => {};

  constructor() {
    this.done = new Promise((end) => {
      this.#end = end;
    });
  }

  get events(): AsyncIterable<StageEvent> {
    const { done } = this;
    // biome-ignore lint/correctness/useYield: a process that tells nothing
    return (async function* () {
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

function attempt(timeout?: number) {
  const handle = new Stubborn();
  const control = new RunControl();
  const end = followAttempt(handle, { timeout, control, onEvent: () => {} });
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

  it('is killed after its timeout', async () => {
    const { end } = attempt(60_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await end).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('60 s') },
    });
  });

  it('may have a timeout of months', async () => {
    const { handle, end } = attempt(1e11);
    await vi.advanceTimersByTimeAsync(1e6);
    expect(handle.killed).toBe(false);
    handle.kill();
    await end;
  });
});
