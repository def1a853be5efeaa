import type { JsonObject } from './json.ts';

/** Version of `result.json`. */
export const RESULT_VERSION = 1;

/**
 * How an attempt ended, written atomically by the stage's process as `result.json`. Its absence means that
 * the process died; an exit code alone is never believed. `observed` are the facts that `observe` gave before and
 * after the work (they agreed). `superseded`: the lock was free only after another process had finished the
 * action, so look for its record.
 */
export type StageResult = { readonly result: typeof RESULT_VERSION } & (
  | { readonly status: 'done'; readonly observed: JsonObject; readonly facts: JsonObject }
  | {
      readonly status: 'failed';
      readonly error: { readonly message: string; readonly hint?: string; readonly stack?: string };
    }
  | { readonly status: 'cancelled' }
  | { readonly status: 'superseded' }
);
