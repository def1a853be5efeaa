import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventFile } from '../../../src/cli/export-runs/tensorboard/event-file.ts';
import { integer, text } from '../../../src/cli/export-runs/tensorboard/protobuf.ts';
import { crc32c } from '../../../src/cli/export-runs/tensorboard/tf-record.ts';
import type { TrackedRun } from '../../../src/cli/export-runs/tracked-run.ts';

const run: TrackedRun = {
  run: '20231114-221320-ab12',
  variant: '',
  pipeline: 'tracked',
  outcome: 'succeeded',
  started: 1_700_000_000_500,
  finished: 1_700_000_100_000,
  parameters: { rate: 0.25 },
  points: [
    { metric: 'judge/score', step: 0, time: 1_700_000_090_000, value: 71.5 },
    { metric: 'train.history/train_loss', step: 300, time: 1_700_000_010_000, value: 0 },
  ],
};

describe('an event file', () => {
  it("has the bytes that TensorBoard's own classes write", () => {
    const golden = readFileSync(join(import.meta.dirname, '../../golden/tracking/event-file.hex'), 'utf8');
    expect(eventFile(run).toString('hex')).toBe(golden.replaceAll('\n', ''));
  });

  it('of a run at work ends with its last value', () => {
    const { finished: _, ...working } = run;
    const whole = eventFile(run);
    const part = eventFile({ ...working, outcome: 'unfinished' });
    expect(whole.subarray(0, part.length)).toEqual(part);
    expect(part.length).toBeLessThan(whole.length);
  });
});

it('the checksum is that of RFC 3720', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});

it('fields of messages are encoded as Protocol Buffers say', () => {
  // The examples of protobuf.dev/programming-guides/encoding.
  expect(integer(1, 150).toString('hex')).toBe('089601');
  expect(text(2, 'testing').toString('hex')).toBe('120774657374696e67');
  expect(integer(1, -2).toString('hex')).toBe('08feffffffffffffffff01');
});
