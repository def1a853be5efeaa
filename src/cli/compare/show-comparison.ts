import { type CompareOptions, compare } from '../../comparison/compare.ts';
import { UnknownNameError } from '../../comparison/metrics.ts';
import { paintFor } from '../../terminal/paint.ts';
import { show } from '../../terminal/show.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { UserError } from '../user-error.ts';
import { formatComparison } from './comparison-formats.ts';
import type { Format } from './format-names.ts';
import { readCandidates } from './read-candidates.ts';

/** Prints what `pipe compare` finds. Throws a UserError for names that stand for nothing. */
export async function showComparison(
  what: readonly string[],
  options: PipelineOptions & CompareOptions & { readonly format: Format; readonly json?: true },
): Promise<void> {
  const candidates = await readCandidates(what, options);
  try {
    const comparison = compare(candidates, options);
    const format = options.json ? 'json' : options.format;
    show(process.stdout, await formatComparison(comparison, format, paintFor(process.stdout)));
  } catch (error) {
    if (error instanceof UnknownNameError) throw new UserError(error.message, 'pipe compare --help');
    throw error;
  }
}
