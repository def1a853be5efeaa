import type { Static } from '@sinclair/typebox';
import { Ajv } from 'ajv';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { runEventShape } from '../../../src/cli/json-shapes/run-event.ts';
import type { outcomeShape, reasonShape } from '../../../src/cli/json-shapes/shared.ts';
import type { Outcome, Reason, RunEvent } from '../../../src/runner/events/run-event.ts';
import { cachedRun, failedRun } from '../../reporters/recorded-run.ts';

describe('schema of run events', () => {
  const valid = new Ajv().compile(runEventShape);

  it('describes every event of a run', () => {
    for (const event of [...failedRun, ...cachedRun]) {
      expect(valid(JSON.parse(JSON.stringify(event))), JSON.stringify(event)).toBe(true);
    }
  });

  it('knows the events and reasons that the code knows', () => {
    type Documented = Static<typeof runEventShape>;
    expectTypeOf<Documented['type']>().toEqualTypeOf<RunEvent['type']>();
    expectTypeOf<Static<typeof reasonShape>['code']>().toEqualTypeOf<Reason['code']>();
    expectTypeOf<Static<typeof outcomeShape>>().toEqualTypeOf<Outcome>();
  });

  it('refuses properties that are not documented', () => {
    expect(valid({ ...failedRun[0], extra: 1 })).toBe(false);
  });
});
