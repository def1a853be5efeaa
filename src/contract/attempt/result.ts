import { isObject, type JsonObject } from '../json.ts';

/** Version of `result.json`. */
export const RESULT_VERSION = 1;

/**
 * How an attempt ended, written atomically by the stage's process as `result.json`. Its absence means that
 * the process died; an exit code alone is never believed. `observed` are the facts that `observe` gave before and
 * after the work (they agreed).
 */
export type StageResult = { readonly result: typeof RESULT_VERSION } & (
  | { readonly status: 'done'; readonly observed: JsonObject; readonly facts: JsonObject }
  | {
      readonly status: 'failed';
      readonly error: { readonly message: string; readonly hint?: string; readonly stack?: string };
    }
  | { readonly status: 'cancelled' }
);

/** A result as a process wrote it; undefined for anything else: a program may have written to the file. */
export function parseResult(text: string): StageResult | undefined {
  try {
    const value = JSON.parse(text) as Partial<Record<string, unknown>> | null;
    if (value?.result !== RESULT_VERSION) return undefined;
    const { status, observed, facts, error } = value;
    if (status === 'cancelled') return { result: RESULT_VERSION, status };
    // The checks above and here are what the type says; a cast, because TypeScript does not follow them into the union.
    if (status === 'done' && isObject(observed) && isObject(facts)) return value as unknown as StageResult;
    const failed = status === 'failed' && isObject(error) && typeof error.message === 'string';
    return failed ? (value as unknown as StageResult) : undefined;
  } catch {
    return undefined;
  }
}
