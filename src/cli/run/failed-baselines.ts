import { existsSync } from 'node:fs';
import { relative } from 'node:path';
import { compare } from '../../comparison/compare.ts';
import { UnknownNameError } from '../../comparison/metrics.ts';
import { regressions } from '../../comparison/regressions.ts';
import { metricsOf } from '../../contract/stage-type.ts';
import type { FailIf, Pipeline, Stage } from '../../pipeline/pipeline.ts';
import { readCandidates } from '../compare/read-candidates.ts';
import type { RemoteVerbOptions } from '../remote/remote-options.ts';
import { UserError } from '../user-error.ts';

/** Why a run fails although its stages did not. */
export interface FailedBaseline {
  readonly stage: string;
  readonly message: string;
}

/**
 * Compares what the stages of a finished run have measured with the baselines of their `fail_if`. A baseline that cannot
 * be read fails as well: nothing was compared.
 */
export async function failedBaselines(
  { stages }: Pipeline,
  run: string,
  artifacts: string,
  remote: Pick<RemoteVerbOptions, 'remote'>,
): Promise<readonly FailedBaseline[]> {
  const failed: FailedBaseline[] = [];
  // Variants of one stage are compared with its baseline together: p values are corrected for their number.
  const byName = new Map(stages.map((stage) => [stage.name, stage]));
  for (const stage of byName.values()) {
    const { failIf } = stage.execution;
    if (failIf === undefined) continue;
    const messages = await worseThanBaseline(stage, failIf, run, { artifacts, ...remote });
    failed.push(...messages.map((message) => ({ stage: stage.id, message: `${stage.name}: ${message}` })));
  }
  return failed;
}

async function worseThanBaseline(
  { name, type, settings }: Stage,
  { worseThan, ...tolerance }: FailIf,
  run: string,
  options: { readonly artifacts: string } & Pick<RemoteVerbOptions, 'remote'>,
): Promise<readonly string[]> {
  const baseline = 'file' in worseThan ? relative('.', worseThan.file) : worseThan.name;
  if ('file' in worseThan && !existsSync(worseThan.file))
    return [`the baseline ${baseline} does not exist; make it with pipe cat, from the scores of a good run`];
  const metric = `${name}.${metricsOf(type, settings)[0]!.name}`;
  try {
    const candidates = await readCandidates([baseline, run], { set: [], ...options, metric });
    const first = candidates[0]!.name;
    return regressions(compare(candidates, { metric, baseline: first }), first, tolerance);
  } catch (error) {
    if (error instanceof UserError || error instanceof UnknownNameError) return [error.message];
    throw error;
  }
}
