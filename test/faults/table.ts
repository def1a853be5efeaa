import type { Reporter, TestModule } from 'vitest/node';
import { SEED } from './seeded.ts';
import type { TallyRow } from './tally.ts';

/** Prints what the fault suite counted, one line a kind, after everything else. */
export default class FaultTable implements Reporter {
  onInit(): void {
    console.log(`faults: seed ${SEED} (PIPE_FAULTS_SEED=${SEED} repeats it)`);
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const rows = modules.flatMap((module) =>
      [...module.children.allTests()].flatMap((test) => test.meta().faults ?? []),
    );
    if (rows.length > 0) console.log(`\n${tableOf(rows)}\nseed ${SEED}`);
  }
}

function tableOf(rows: readonly TallyRow[]): string {
  const cells = [
    ['kind', 'rounds', 'what happened'],
    ...rows.map(({ kind, rounds, happened }) => [
      kind,
      String(rounds),
      Object.entries(happened)
        .sort(([, one], [, other]) => other - one)
        .map(([what, count]) => `${what} ${count}`)
        .join(', '),
    ]),
  ] as [string, string, string][];
  const widths = [0, 1].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map(
      ([kind, rounds, happened]) => `${kind.padEnd(widths[0]!)}  ${rounds.padStart(widths[1]!)}  ${happened}`,
    )
    .join('\n');
}
