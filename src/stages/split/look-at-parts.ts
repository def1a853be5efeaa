import type { StageContext } from '../../contract/stage-context.ts';
import { RECORD_FIELDS } from '../../text/record-fields.ts';
import type { InstructionRecord } from '../../text/records.ts';
import type { Parts } from './assign.ts';
import { questionOf } from './groups.ts';
import { PARTS } from './parts.ts';

/** Warns of what makes scores on the parts worth less: questions on both sides, and parts of one kind only. */
export function lookAtParts(
  parts: Parts,
  { warnOfResult }: Pick<StageContext<unknown>, 'warnOfResult'>,
): void {
  const seen = new Set(parts.train.map(questionOf));
  for (const name of ['test', 'validation'] as const) {
    const repeated = parts[name].filter((record) => seen.has(questionOf(record)));
    if (repeated.length > 0)
      warnOfResult(overlapMessage(name, repeated), 'Scores on items seen in training flatter a model.');
  }
  const all = PARTS.flatMap((name) => parts[name]);
  for (const field of keptFields(all)) {
    if (isConstant(all, field)) continue;
    for (const name of PARTS) {
      const [first, ...others] = parts[name];
      if (first === undefined || others.length === 0 || !isConstant(parts[name], field)) continue;
      warnOfResult(
        `All ${parts[name].length} ${name} records have the ${field} ${JSON.stringify(first[field])}`,
        `The data seems to be sorted. Set \`order: shuffled\`, or \`stratify: ${field}\`.`,
      );
    }
  }
}

function overlapMessage(name: string, repeated: readonly InstructionRecord[]): string {
  const [{ id, instruction, input }] = repeated as [InstructionRecord];
  const example = JSON.stringify(input === '' ? instruction : `${instruction} ${input}`);
  const items = repeated.length === 1 ? 'item also occurs' : 'items also occur';
  return `${repeated.length} ${name} ${items} in train, such as record ${id}: ${example}`;
}

/** The fields that records have from the data. */
function keptFields(records: readonly InstructionRecord[]): string[] {
  const fields = new Set<string>();
  for (const record of records) for (const field of Object.keys(record)) fields.add(field);
  for (const own of RECORD_FIELDS) fields.delete(own);
  return [...fields];
}

function isConstant([first, ...others]: readonly InstructionRecord[], field: string): boolean {
  const value = JSON.stringify(first?.[field]);
  return others.every((record) => JSON.stringify(record[field]) === value);
}
