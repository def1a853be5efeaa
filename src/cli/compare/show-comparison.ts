import { compare } from '../../comparison/compare.ts';
import { UnknownNameError } from '../../comparison/metrics.ts';
import { regressions } from '../../comparison/regressions.ts';
import { paintFor } from '../../terminal/paint.ts';
import { show } from '../../terminal/show.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { UserError } from '../user-error.ts';
import type { CompareVerbOptions } from './compare-options.ts';
import { formatComparison } from './comparison-formats.ts';
import { readCandidates } from './read-candidates.ts';
import { tellRegression } from './tell-regression.ts';

/**
 * Prints what `pipe compare` finds; returns the code to exit with. With `failIfWorse` the first that was named is the
 * baseline, unless another one is given. Throws a UserError for names that stand for nothing.
 */
export async function showComparison(
  what: readonly string[],
  options: CompareVerbOptions,
): Promise<ExitCode> {
  try {
    const candidates = await readCandidates(what, options);
    const baseline = options.baseline ?? (options.failIfWorse ? candidates[0]?.name : undefined);
    const comparison = compare(candidates, { metric: options.metric, baseline });
    const format = options.json ? 'json' : options.format;
    show(process.stdout, await formatComparison(comparison, format, paintFor(process.stdout)));
    if (!options.failIfWorse || baseline === undefined) return EXIT.done;
    const found = regressions(comparison, baseline, {
      by: options.by ?? 0,
      errorRate: options.errorRate ?? 0.05,
    });
    for (const message of found) tellRegression('pipe compare', message);
    return found.length > 0 ? EXIT.failed : EXIT.done;
  } catch (error) {
    if (error instanceof UnknownNameError) throw new UserError(error.message, 'pipe compare --help');
    throw error;
  }
}
