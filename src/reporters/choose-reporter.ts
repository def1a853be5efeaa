import type { Output } from '../terminal/output.ts';
import { GithubReporter } from './github.ts';
import { JsonReporter } from './json.ts';
import { PlainReporter } from './plain.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';
import { TreeReporter } from './tree.ts';

export const REPORTER_NAMES = ['auto', 'tree', 'plain', 'github', 'json'] as const;
export type ReporterName = (typeof REPORTER_NAMES)[number];

const REPORTERS: Readonly<
  Record<Exclude<ReporterName, 'auto'>, new (output: Output, options: ReporterOptions) => Reporter>
> = {
  tree: TreeReporter,
  plain: PlainReporter,
  github: GithubReporter,
  json: JsonReporter,
};

/**
 * The reporter of that name; `auto` is github on GitHub Actions, else tree on a terminal, else plain.
 */
export function chooseReporter(
  name: ReporterName,
  output: Output,
  environment: Readonly<Record<string, string | undefined>>,
  options: ReporterOptions = {},
): Reporter {
  return new REPORTERS[name === 'auto' ? fitting(output, environment) : name](output, options);
}

function fitting(
  output: Output,
  environment: Readonly<Record<string, string | undefined>>,
): Exclude<ReporterName, 'auto'> {
  if (environment.GITHUB_ACTIONS === 'true') return 'github';
  return output.isTTY === true && environment.TERM !== 'dumb' ? 'tree' : 'plain';
}
