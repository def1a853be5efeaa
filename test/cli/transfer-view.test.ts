import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TransferView } from '../../src/cli/remote/transfer-view.ts';
import { ReadableOutput } from '../reporters/recorded-run.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** A transfer of 20 MB at 1 MB/s that is watched on an output. */
async function watched(output: ReadableOutput): Promise<string> {
  let done = 0;
  const view = new TransferView(output, 'uploading', () => ({ done, total: 20e6 }));
  let finish = () => {};
  const shown = view.during(
    new Promise<void>((resolve) => {
      finish = resolve;
    }),
  );
  for (let second = 1; second <= 12; second++) {
    done += 1e6;
    await vi.advanceTimersByTimeAsync(1000);
  }
  view.write('cache: something is wrong');
  finish();
  await shown;
  return output.text;
}

it('writes a line now and then where each one stays', async () => {
  expect(await watched(new ReadableOutput())).toBe(`\
uploading 25 %, 15 s left, 5 MB of 20 MB, 1 MB/s
uploading 50 %, 10 s left, 10 MB of 20 MB, 1 MB/s
cache: something is wrong
`);
});

it('draws the last row of a terminal again and again, cut to its width', async () => {
  const text = await watched(new ReadableOutput({ isTTY: true, columns: 40 }));
  expect(text).toContain('uploading 45 %, 11 s left, 9 MB of 20 M');
  expect(text).not.toContain('9 MB of 20 MB');
  expect(text).toContain('cache: something is wrong\n');
});

it('says nothing of what is over at once', async () => {
  const output = new ReadableOutput();
  await new TransferView(output, 'fetching', () => ({ done: 1, total: 1 })).during(Promise.resolve());
  expect(output.text).toBe('');
});
