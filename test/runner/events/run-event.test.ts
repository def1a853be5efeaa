import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { runEventShape } from '../../../src/runner/events/run-event.ts';
import { cachedRun, failedRun } from '../../reporters/recorded-run.ts';

describe('schema of run events', () => {
  const valid = new Ajv().compile(runEventShape);

  it('describes every event of a run', () => {
    for (const event of [...failedRun, ...cachedRun]) {
      expect(valid(JSON.parse(JSON.stringify(event))), JSON.stringify(event)).toBe(true);
    }
  });

  it('refuses properties that are not documented', () => {
    expect(valid({ ...failedRun[0], extra: 1 })).toBe(false);
  });
});
