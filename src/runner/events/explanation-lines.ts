import type { Explanation } from './explanation.ts';

/** A list of explanations for people: a line each, indented by two spaces a step towards the origin. */
export function explanationLines(explanations: readonly Explanation[]): readonly string[] {
  const shown = new Set<number>();
  const lines: string[] = [];
  const add = (index: number, indent: string): void => {
    const explanation = explanations[index]!;
    const title = titleOf(explanation);
    if (shown.has(index)) {
      lines.push(`${indent}${title}, see above`);
      return;
    }
    shown.add(index);
    lines.push(`${indent}${title}${explanation.causes.length > 0 ? ':' : ''}`);
    for (const { message, by } of explanation.causes) {
      lines.push(`${indent}  ${message}`);
      if (by !== undefined) add(by, `${indent}    `);
    }
  };
  if (explanations.length > 0) add(0, '');
  return lines;
}

function titleOf({ stage, state, run, time }: Explanation): string {
  if (state === 'run') return `${stage} will run`;
  if (state === 'may-run') return `${stage} may run`;
  return `${stage} ran${run === undefined ? '' : ` in run ${run}`}${time === undefined ? '' : `, ${moment(time)}`}`;
}

/** A time for people: `2026-11-27 23:10:05 UTC`. */
export function moment(time: string): string {
  return `${time.slice(0, 19).replace('T', ' ')} UTC`;
}
