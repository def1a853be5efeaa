import type { Point } from './tracked-run.ts';

/** Names of outputs that hold what was measured during training: CSV with a first column `step`, -1 before training. */
export const HISTORY = 'history';

/**
 * The curves of a training: a point for each number right of `step`. `timeOf` gives the time of an
 * update. Empty for a text that is no such table.
 */
export function curvesOf(csv: string, prefix: string, timeOf: (updates: number) => number): readonly Point[] {
  const [header = '', ...lines] = csv.trimEnd().split('\n');
  const [first, ...names] = header.split(',');
  if (first !== 'step') return [];
  return lines.flatMap((line) => {
    const [step, ...cells] = line.split(',');
    const updates = Number(step) + 1;
    return names.flatMap((name, column) => {
      const value = Number(cells[column]);
      if (cells[column] === undefined || cells[column] === '' || !Number.isFinite(value)) return [];
      return [{ metric: `${prefix}/${name}`, step: updates, time: timeOf(updates), value }];
    });
  });
}
