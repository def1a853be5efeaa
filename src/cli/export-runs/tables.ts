import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { csvText } from '../../terminal/csv.ts';
import { lastValues, type TrackedRun } from './tracked-run.ts';

/** Writes `runs.csv`, a line for each run with the last value of each metric, and `metrics.csv`, a line for each value. */
export async function writeCsv(runs: readonly TrackedRun[], directory: string): Promise<readonly string[]> {
  const parameters = namesIn(runs.map((run) => Object.keys(run.parameters)));
  const metrics = namesIn(runs.map((run) => [...lastValues(run).keys()]));
  const head = ['run', 'variant', 'pipeline', 'outcome', 'started', 'finished', 'commit'];
  const rows = runs.map((run) => {
    const last = lastValues(run);
    return [
      ...[run.run, run.variant, run.pipeline, run.outcome, timeText(run.started), timeText(run.finished)],
      run.commit,
      ...parameters.map((name) => run.parameters[name]),
      ...metrics.map((name) => last.get(name)),
    ];
  });
  const values = runs.flatMap(({ run, variant, points }) =>
    points.map(({ metric, step, time, value }) => [run, variant, metric, step, timeText(time), value]),
  );
  return [
    await write(directory, 'runs.csv', csvText([[...head, ...parameters, ...metrics], ...rows])),
    await write(
      directory,
      'metrics.csv',
      csvText([['run', 'variant', 'metric', 'step', 'time', 'value'], ...values]),
    ),
  ];
}

/** Writes `runs.json`: the runs with their parameters and all values. */
export async function writeJson(runs: readonly TrackedRun[], directory: string): Promise<readonly string[]> {
  const document = runs.map(({ started, finished, points, ...run }) => ({
    ...run,
    started: timeText(started),
    ...(finished !== undefined && { finished: timeText(finished) }),
    points: points.map((point) => ({ ...point, time: timeText(point.time) })),
  }));
  return [await write(directory, 'runs.json', `${JSON.stringify(document, null, 2)}\n`)];
}

async function write(directory: string, name: string, text: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, name), text);
  return join(directory, name);
}

function namesIn(lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())].sort();
}

function timeText(time: number | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}
