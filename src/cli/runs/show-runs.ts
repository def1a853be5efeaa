import { resolve } from 'node:path';
import { type Json, plainText } from '../../contract/json.ts';
import { listRuns, readRun } from '../../runner/events/run-store.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { alignedLines } from '../../terminal/aligned.ts';
import { paintFor } from '../../terminal/paint.ts';
import { show, visibleJson } from '../../terminal/show.ts';
import { duration, number } from '../../terminal/units.ts';
import type { RunLine } from '../json-shapes/runs.ts';
import { artifactsDirectory } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { runLine, shortCommit } from './run-line.ts';

export interface RunsVerbOptions extends Pick<PipelineOptions, 'artifacts'> {
  readonly number: number;
  readonly json?: true;
}

/** Prints the newest runs; as a JSON document (json-shapes/runs.ts) with `json`. */
export async function showRuns(file: string | undefined, options: RunsVerbOptions): Promise<void> {
  const artifacts = artifactsDirectory(file, options);
  const workspace = openWorkspace(artifacts, tellCacheProblem);
  const runs: RunLine[] = [];
  for (const id of await listRuns(workspace.runsDirectory)) {
    if (runs.length === options.number) break;
    const stored = await readRun(workspace.runsDirectory, id, (message) => show(process.stderr, message));
    if (stored === undefined || (file !== undefined && stored.about.file !== resolve(file))) continue;
    runs.push(await runLine(stored, workspace));
  }
  if (options.json) show(process.stdout, visibleJson({ artifacts, runs }, 2));
  else if (runs.length === 0) show(process.stdout, `no runs in ${artifacts}; start one with: pipe run FILE`);
  else show(process.stdout, ...lines(runs));
}

function lines(runs: readonly RunLine[]): readonly string[] {
  const paint = paintFor(process.stdout);
  const differing = differingParameters(runs);
  const header = ['run', 'started', 'outcome', 'time', 'commit', 'pipeline', ...differing, 'measured'];
  const cells = runs.map((run) => [
    run.run,
    run.started.slice(0, 16).replace('T', ' '),
    run.outcome,
    run.duration_ms === undefined ? '' : duration(run.duration_ms),
    shortCommit(run),
    run.pipeline,
    ...differing.map((name) => valuesOf(run, name)),
    measured(run),
  ]);
  const [first, ...others] = alignedLines([header, ...cells]);
  return [paint('bold', first!), ...others];
}

/** Parameters that do not have one value in all that is listed. */
function differingParameters(runs: readonly RunLine[]): readonly string[] {
  const all = runs.flatMap(({ variants }) => variants.map(({ parameters }) => parameters));
  const names = [...new Set(all.flatMap((parameters) => Object.keys(parameters)))];
  return names.filter((name) => new Set(all.map((parameters) => text(parameters[name]))).size > 1);
}

function valuesOf({ variants }: RunLine, name: string): string {
  return [...new Set(variants.map(({ parameters }) => text(parameters[name])))].join(',');
}

/** Every metric of a single variant; of a sweep from which to which value each goes. */
function measured({ variants }: RunLine): string {
  const names = [...new Set(variants.flatMap(({ metrics }) => Object.keys(metrics)))];
  const texts = names.flatMap((name) => {
    const values = variants.flatMap(({ metrics }) => metrics[name] ?? []);
    if (values.length === 0) return [];
    const ends = [...new Set([Math.min(...values), Math.max(...values)].map(number))].join(' to ');
    return [`${name} ${ends}`];
  });
  return texts.join(', ') + (variants.length > 1 ? ` (${variants.length} variants)` : '');
}

function text(value: Json | undefined): string {
  return value === undefined ? '' : plainText(value);
}
