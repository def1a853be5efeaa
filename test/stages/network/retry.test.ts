import { describe, expect, it } from 'vitest';
import { retry, retryAfterMs, TransientError } from '../../../src/stages/network/retry.ts';

const never = new AbortController().signal;

describe('retry', () => {
  it('doubles the pause after each failure and throws the last error', async () => {
    const pauses: number[] = [];
    let tries = 0;
    const work = () => Promise.reject(new TransientError(`try ${++tries}`));
    await expect(
      retry(work, { retries: 3, delayMs: 2 }, never, (_, pause) => pauses.push(pause)),
    ).rejects.toThrow('try 4');
    expect(pauses).toEqual([2, 4, 8]);
  });

  it('starts the count again after a try that got further', async () => {
    const advanced = [false, true, false, true];
    let tries = 0;
    const work = async () => {
      if (tries === advanced.length) return 'done';
      throw new TransientError('no', { advanced: advanced[tries++]! });
    };
    expect(await retry(work, { retries: 2, delayMs: 0 }, never, () => undefined)).toBe('done');
  });

  it('throws any other error at once', async () => {
    let tries = 0;
    const work = () => Promise.reject(new Error(`try ${++tries}`));
    await expect(retry(work, { retries: 3, delayMs: 0 }, never, () => undefined)).rejects.toThrow('try 1');
  });

  it('ends a pause with the reason when it is cancelled', async () => {
    const cancel = new AbortController();
    const work = () => Promise.reject(new TransientError('no', { pauseMs: 50_000 }));
    const retried = retry(work, { retries: 3, delayMs: 0 }, cancel.signal, () =>
      cancel.abort(new Error('cancelled')),
    );
    await expect(retried).rejects.toThrow('cancelled');
  });
});

describe('Retry-After', () => {
  it('is seconds or a date', () => {
    expect(retryAfterMs('2')).toBe(2000);
    expect(retryAfterMs('Wed, 21 Oct 2015 07:28:05 GMT', Date.UTC(2015, 9, 21, 7, 28, 0))).toBe(5000);
    expect(retryAfterMs('Wed, 21 Oct 2015 07:28:00 GMT')).toBe(0);
    expect(retryAfterMs('soon')).toBeUndefined();
    expect(retryAfterMs(null)).toBeUndefined();
  });
});
