import type { ActionRecord } from '../../cache/records/action-record.ts';
import { isObject } from '../../contract/json.ts';

/** What a stage said of its result, as the record's provenance keeps it. */
export type ResultWarning = { readonly message: string; readonly hint?: string };

/** More than any stage has to say: a program that is not ours may write to the file of events. */
const MOST = 100;

export function resultWarning({ message, hint }: ResultWarning): ResultWarning {
  return { message, ...(hint !== undefined && { hint }) };
}

/** The warnings of a record; those that an earlier version or another program wrote otherwise are left out. */
export function warningsOf({ provenance }: ActionRecord): readonly ResultWarning[] {
  const kept = Array.isArray(provenance.warnings) ? provenance.warnings.slice(0, MOST) : [];
  return kept.flatMap((warning) =>
    isObject(warning) && typeof warning.message === 'string'
      ? [
          resultWarning({
            message: warning.message,
            ...(typeof warning.hint === 'string' && { hint: warning.hint }),
          }),
        ]
      : [],
  );
}
