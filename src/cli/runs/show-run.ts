import { commandText } from '../../contract/command-text.ts';
import { plainText } from '../../contract/json.ts';
import { endingsOf, type StoredRun, stagesOfRun } from '../../runner/events/stored-run.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { alignedLines } from '../../terminal/aligned.ts';
import { type Paint, paintFor } from '../../terminal/paint.ts';
import { show, visibleJson } from '../../terminal/show.ts';
import { duration, number } from '../../terminal/units.ts';
import type { RunDocument } from '../json-shapes/runs.ts';
import { artifactsDirectory } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { runLine, shortCommit } from './run-line.ts';
import { runNamed } from './run-named.ts';

/** Prints all that is stored of a run; as a JSON document (json-shapes/runs.ts) with `json`. */
export async function showRun(
  name: string,
  options: Pick<PipelineOptions, 'artifacts'> & { readonly json?: true },
): Promise<void> {
  const workspace = openWorkspace(artifactsDirectory(undefined, options), tellCacheProblem);
  const stored = await runNamed(name, workspace);
  const document: RunDocument = { ...(await runLine(stored, workspace)), ...detailsOf(stored) };
  if (options.json) show(process.stdout, visibleJson(document, 2));
  else show(process.stdout, ...lines(document, paintFor(process.stdout)));
}

function detailsOf(run: StoredRun): Pick<RunDocument, 'command' | 'host' | 'versions' | 'engine' | 'stages'> {
  const { about } = run;
  const engine = run.events.find((event) => event.type === 'engine-chosen');
  const endings = endingsOf(run);
  return {
    command: commandText(about.argv),
    host: about.host,
    versions: about.versions,
    ...(engine && { engine: `${engine.engine}: ${engine.reason}` }),
    stages: stagesOfRun(run).map(({ stage, uses }) => {
      const end = endings.get(stage);
      return {
        stage,
        uses,
        ...(end && { outcome: end.outcome, reason: end.reason.message, duration_ms: end.duration_ms }),
        ...(end?.action !== undefined && { action: end.action }),
      };
    }),
  };
}

function lines(run: RunDocument, paint: Paint): readonly string[] {
  const took = run.duration_ms === undefined ? '' : ` after ${duration(run.duration_ms)}`;
  const dirty = run.clean === false ? ', with changes that are not committed' : '';
  const facts: readonly (readonly [string, string])[] = [
    ['pipeline', `${run.pipeline} (${run.file})`],
    ['started', run.started],
    ['outcome', `${run.outcome}${took}`],
    ['command', run.command],
    ['commit', run.commit === undefined ? '' : `${shortCommit({ commit: run.commit })}${dirty}`],
    [
      'machine',
      `${run.host}, ${Object.entries(run.versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', ')}`,
    ],
    ['engine', run.engine ?? ''],
  ];
  const known = facts.filter(([, text]) => text !== '');
  return [
    paint('bold', `Run ${run.run}`),
    ...alignedLines(known),
    ...run.variants.flatMap((variant) => variantLines(variant, paint)),
    '',
    paint('bold', 'Stages'),
    ...stageLines(run.stages),
  ];
}

function variantLines(
  { name, parameters, metrics }: RunDocument['variants'][number],
  paint: Paint,
): readonly string[] {
  const entries = [
    ...Object.entries(parameters).map(([key, value]) => [key, plainText(value)] as const),
    ...Object.entries(metrics).map(([key, value]) => [key, value === null ? '-' : number(value)] as const),
  ];
  return ['', paint('bold', name || 'Parameters and metrics'), ...alignedLines(entries)];
}

function stageLines(stages: RunDocument['stages']): readonly string[] {
  return alignedLines(
    stages.map(({ stage, outcome = 'not begun', reason = '', duration_ms }) => [
      ...[outcome, stage, duration_ms === undefined ? '' : duration(duration_ms), reason],
    ]),
  );
}
