import { alignedLines } from '../../terminal/aligned.ts';
import { paintFor } from '../../terminal/paint.ts';
import { show, visibleJson } from '../../terminal/show.ts';
import { bytes } from '../../terminal/units.ts';
import type { DuDocument } from '../json-shapes/du.ts';
import { existingArtifacts } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { measureArtifacts } from './measure-artifacts.ts';

/** What `pipe du` was asked for. */
export interface DuOptions extends Pick<PipelineOptions, 'artifacts'> {
  readonly runs?: true;
  readonly json?: true;
}

/** Prints what takes the space of an artifacts folder. Throws a UserError where there is none. */
export async function showUsage(options: DuOptions): Promise<void> {
  const document = await measureArtifacts(existingArtifacts(undefined, options));
  if (options.json) return show(process.stdout, visibleJson(document, 2));
  const paint = paintFor(process.stdout);
  const [header, ...rows] = alignedLines(options.runs ? byRun(document) : byType(document));
  const rest = alignedLines([
    ...[
      { holds: 'stored input files', bytes: document.input_bytes },
      { holds: 'objects of no result', bytes: document.unused_bytes },
      ...document.folders,
    ]
      .filter((line) => line.bytes > 0)
      .map((line) => [line.holds, bytes(line.bytes)]),
    ['everything', `${bytes(document.bytes)} in ${document.artifacts}`],
  ]);
  show(process.stdout, paint('bold', header!), ...rows, '', ...rest);
}

function byType({ types }: DuDocument): readonly (readonly string[])[] {
  return [
    ['stage type', 'results', 'size', 'only here'],
    ...types.map((type) => [type.uses, ...sizes(type)]),
  ];
}

function byRun({ runs }: DuDocument): readonly (readonly string[])[] {
  return [
    ['run', 'pipeline', 'results', 'size', 'only here', 'tags'],
    ...runs.map((run) => [run.run, run.pipeline, ...sizes(run), run.tags.join(', ')]),
  ];
}

function sizes({ results, bytes: all, own_bytes }: DuDocument['types'][number] | DuDocument['runs'][number]) {
  return [String(results), bytes(all), bytes(own_bytes)];
}
