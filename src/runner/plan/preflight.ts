import { canonicalJson } from '../../contract/canonical-json.ts';
import type { RemoteProfile } from '../../contract/executor/executor-profile.ts';
import { keepsSecrets } from '../../contract/executor/keeps-secrets.ts';
import type { Problem } from '../../contract/stage-type.ts';
import { worldOf } from '../../contract/world.ts';
import { freeBytes } from '../../files/disk-space.ts';
import type { Resources, Stage } from '../../pipeline/pipeline.ts';
import { missingVariables, stageEnvironment } from '../attempt/stage-environment.ts';
import type { Executors } from '../executor/executors.ts';
import type { Plan } from './plan.ts';
import type { PlannedStage } from './planned-stage.ts';
import type { StageProblem } from './stage-problem.ts';

export interface PreflightOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly capacity: Resources;
  /** A folder on the disk that results are written to. */
  readonly artifactsDirectory: string;
  /** Chooses the engine of the run. Rejects with what is wrong with the one that is asked for. */
  readonly chooseEngine: () => Promise<unknown>;
  readonly executors: Pick<Executors, 'remote'>;
  readonly signal: AbortSignal;
}

/**
 * Everything that would make a stage fail later and can be known now, for each stage that runs or may run.
 * Nobody should have to train for half an hour to learn that the judge's server is not running.
 */
export async function preflight(plan: Plan, options: PreflightOptions): Promise<StageProblem[]> {
  const stale = plan.stages.filter(({ state }) => state !== 'hit');
  const sizes = new Map(stale.map((planned) => [planned.stage.id, inputBytes(planned, plan)]));
  const problems = await Promise.all([
    ...stale.map(({ stage }) => problemsOf(stage, sizes.get(stage.id) ?? {}, options)),
    diskProblems(stale, sizes, options),
    engineProblems(stale, options),
    executorProblems(stale, options),
  ]);
  return problems.flat();
}

type InputBytes = Readonly<Record<string, number | undefined>>;

async function problemsOf(
  stage: Stage,
  bytes: InputBytes,
  options: PreflightOptions,
): Promise<StageProblem[]> {
  const problems: Problem[] = missingVariables(stage, options.environment)
    .filter((name) => !isKeptElsewhere(name, stage))
    .map((name) => ({
      message: `the variable ${name} is not set`,
      hint: `Set it: export ${name}=…`,
    }));
  if (stage.execution.executor !== undefined)
    return problems.map((problem) => ({ stage: stage.id, ...problem }));
  const { memory } = stage.execution.resources;
  if (memory > options.capacity.memory) {
    problems.push({
      message: `needs ${gigabytes(memory)} of memory; this machine has ${gigabytes(options.capacity.memory)}`,
      hint: 'Lower `resources.memory` if it needs less, or use a smaller model or batch.',
    });
  }
  problems.push(...(await askedOf(stage, bytes, options)));
  return problems.map((problem) => ({ stage: stage.id, ...problem }));
}

/** Whether the executor of a stage has a secret of its own, so that nobody needs it here. */
function isKeptElsewhere(name: string, { secrets, execution: { executor } }: Stage): boolean {
  return executor !== undefined && keepsSecrets(executor) && secrets.includes(name);
}

async function askedOf(
  stage: Stage,
  bytes: InputBytes,
  options: PreflightOptions,
): Promise<readonly Problem[]> {
  if (!stage.type.preflight) return [];
  try {
    return await stage.type.preflight(stage.settings, {
      inputBytes: bytes,
      ...worldOf(stageEnvironment(stage, options.environment), stage.secrets, options.signal),
    });
  } catch (error) {
    return [problemOf(error)];
  }
}

/** Results stay on the disk, so the needs of all stages add up. */
async function diskProblems(
  stale: readonly PlannedStage[],
  sizes: ReadonlyMap<string, InputBytes>,
  { artifactsDirectory }: PreflightOptions,
): Promise<StageProblem[]> {
  const needs = stale.map(({ stage }) => ({
    stage: stage.id,
    bytes: stage.type.diskBytes?.(stage.settings, sizes.get(stage.id) ?? {}) ?? 0,
  }));
  const [largest] = [...needs].sort((one, other) => other.bytes - one.bytes);
  const sum = needs.reduce((total, { bytes }) => total + bytes, 0);
  if (!largest || sum === 0) return [];
  const free = await freeBytes(artifactsDirectory);
  if (sum <= free) return [];
  const message = `this run needs about ${gigabytes(sum)} of disk space, most of it for ${largest.stage}; ${gigabytes(free)} are free in ${artifactsDirectory}`;
  return [{ stage: largest.stage, message, hint: 'Free some space on that disk.' }];
}

async function engineProblems(
  stale: readonly PlannedStage[],
  options: PreflightOptions,
): Promise<StageProblem[]> {
  const first = stale.find(({ stage }) => stage.type.tensors && stage.execution.executor === undefined);
  if (!first) return [];
  try {
    await options.chooseEngine();
    return [];
  } catch (error) {
    return [{ stage: first.stage.id, ...problemOf(error) }];
  }
}

/** What the executors of other machines have against the stages that they are to take. */
async function executorProblems(
  stale: readonly PlannedStage[],
  { executors }: PreflightOptions,
): Promise<StageProblem[]> {
  const byProfile = new Map<string, { readonly profile: RemoteProfile; readonly stages: Stage[] }>();
  for (const { stage } of stale) {
    const { executor: profile } = stage.execution;
    if (profile === undefined) continue;
    const name = canonicalJson(profile);
    const known = byProfile.get(name);
    if (known) known.stages.push(stage);
    else byProfile.set(name, { profile, stages: [stage] });
  }
  const problems: StageProblem[] = [];
  for (const { profile, stages } of byProfile.values()) {
    try {
      problems.push(...(await (await executors.remote(profile)).preflight(stages)));
    } catch (error) {
      problems.push({ stage: stages[0]!.id, ...problemOf(error) });
    }
  }
  return problems;
}

function problemOf(error: unknown): Problem {
  const { message, hint } = Object(error) as { message?: string; hint?: string };
  return { message: message ?? String(error), ...(hint !== undefined && { hint }) };
}

/** Sizes of the inputs that are known: those of file inputs, and of outputs of stages that were done before. */
function inputBytes({ stage, action }: PlannedStage, plan: Plan): InputBytes {
  const records = new Map(plan.stages.map((planned) => [planned.stage.id, planned.record]));
  const sizes = Object.entries(stage.inputs).map(([name, source]) => {
    const known =
      action && Object.hasOwn(action.inputs, name) ? action.inputs[name]!.artifact.bytes : undefined;
    if (known !== undefined || source.kind !== 'output') return [name, known];
    return [name, records.get(source.stage)?.outputs[source.output]?.bytes];
  });
  return Object.fromEntries(sizes);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
