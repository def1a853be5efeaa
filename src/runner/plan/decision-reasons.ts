import type { ActionRecord } from '../../cache/records/action-record.ts';
import { canonicalJson } from '../../contract/canonical-json.ts';
import type { JsonObject } from '../../contract/json.ts';
import type { Reason } from '../events/run-event.ts';
import { describeChanges } from './explain-miss.ts';

/** The action was done before. */
export function cached({ provenance }: ActionRecord): Reason {
  return {
    code: 'cached',
    message: `cached${typeof provenance.run === 'string' ? ` from run ${provenance.run}` : ''}`,
  };
}

/** Somebody else who is believed has done it. */
export function fetched(writer: string, address: string): Reason {
  return { code: 'fetched', message: `made by ${writer}, from ${address}` };
}

/** It was done before, in a world that could not be asked whether it still stands. */
export function notVerified(why: string): Reason {
  return { code: 'cached-not-verified', message: `cached, not re-verified: ${why}` };
}

/** It was done before, and somebody wants it done again: `pipe invalidate`. */
export function invalidated(): Reason {
  return { code: 'invalidated', message: 'its result was invalidated' };
}

/** It was done before, in another world. */
export function observedChanged(before: JsonObject, after: JsonObject): Reason {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changes = names
    .filter((name) => canonicalJson(before[name] ?? null) !== canonicalJson(after[name] ?? null))
    .map((name) => ({ path: `observed.${name}`, before: before[name], after: after[name] }));
  return { code: 'observed-changed', message: describeChanges(changes), changes };
}
