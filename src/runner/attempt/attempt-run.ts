import { type Attempt, attemptTime, createAttempt } from '../../cache/work-directory.ts';
import type { StageSpec } from '../../contract/attempt/spec.ts';
import type { EngineChoice, EngineName } from '../../contract/engine-name.ts';
import { StageError } from '../../contract/stage-context.ts';
import { CacheError, explained } from '../../files/system-problem.ts';
import type { Stage } from '../../pipeline/pipeline.ts';
import { runEventOf } from '../events/run-event-of.ts';
import type { AttemptHandle, Surroundings } from '../executor/executor.ts';
import { GPU_VARIABLE } from '../schedule/gpu-numbers.ts';
import { adoptAttempt } from './adopt-attempt.ts';
import { followAttempt } from './attempt.ts';
import { keepOnlyWork, takeOver } from './attempt-directory.ts';
import { recordAttempt } from './record-attempt.ts';
import { type ResultWarning, resultWarning } from './result-warnings.ts';
import { stageEnvironment } from './stage-environment.ts';
import type { AttemptOutcome, StageOrder, StageRunContext } from './stage-order.ts';
import { prepareSpec } from './stage-spec.ts';

/** An attempt that is ready to be followed. */
interface ReadyAttempt {
  readonly attempt: Attempt;
  readonly spec: StageSpec;
  /** File of its standard output and error. */
  readonly log: string;
  readonly started: Date;
  readonly start: () => AttemptHandle;
  /** Undefined where the stage has no use for one, or chooses it where it runs. */
  readonly engine?: EngineChoice;
  /** An earlier runner handed it in. */
  readonly adopted?: true;
}

/**
 * Makes one attempt at an action, whose lock is held: prepares its directory, executes it, records what came out, and
 * leaves nothing behind but what a later attempt, or whoever asked to keep it, can use. Goes on with one that an earlier
 * runner handed in to other machines. `number` counts the attempts of the stage in this run; the directory of this one is
 * added to `own`.
 */
export async function runAttempt(
  order: StageOrder,
  { number, own }: { readonly number: number; readonly own: Set<string> },
  context: StageRunContext,
): Promise<AttemptOutcome> {
  const { workspace, executors, decider, recordOf, store } = context;
  const { stage, action } = order;
  const { workDirectory } = workspace;
  // Whoever forces a stage may distrust what earlier runs left of it.
  const isForced = order.reason.code === 'forced';
  const surroundings = surroundingsOf(order, context);
  const adopted = isForced
    ? undefined
    : await adoptAttempt(order, surroundings, { workDirectory, executors });
  if (adopted) {
    const { attempt, handle } = adopted;
    own.add(attempt.directory);
    const ready = { ...adopted, started: attemptTime(attempt), start: () => handle, adopted: true } as const;
    return await leavingTidy(order, attempt, context, () => finishAttempt(order, number, ready, context));
  }
  const { executor: profile } = stage.execution;
  const remote = profile === undefined ? undefined : await executors.remote(profile);
  const executor = remote ?? executors.here;
  const isFar = remote?.throughStore === true;
  const engine = await engineOf(stage, context);
  const found = await takeOver(workDirectory, action.key, executors);
  const earlier = isForced ? found.filter(({ directory }) => own.has(directory)) : found;
  const attempt = await createAttempt(workDirectory, action.key);
  own.add(attempt.directory);
  return await leavingTidy(order, attempt, context, async () => {
    const prepared = await explained('prepare an attempt', () =>
      prepareSpec(
        { stage, action, attempt, earlier, engine, isFar },
        { workspace, files: decider.files, recordOf },
      ),
    );
    if ('lost' in prepared) return { status: 'lost', lost: prepared.lost };
    const { spec } = prepared;
    const log = store.logFile(stage.id, number);
    const start = () => executor.start(spec, { ...surroundings, log });
    const chosen = typeof engine === 'object' ? { engine } : {};
    const ready = { attempt, spec, log, started: new Date(), start, ...chosen };
    return await finishAttempt(order, number, ready, context);
  });
}

/** What computes tensors: the choice of the run here, and what is wanted where the stage chooses for itself. */
async function engineOf(
  { type, execution }: Stage,
  { chooseEngine, engineWanted }: StageRunContext,
): Promise<EngineChoice | EngineName | 'auto' | undefined> {
  if (!type.tensors) return undefined;
  return execution.executor === undefined ? await chooseEngine() : engineWanted;
}

/** Leaves of an attempt's directory what somebody can use once `work` has ended. */
async function leavingTidy(
  { stage }: StageOrder,
  { directory }: Attempt,
  { keepFailed, emit }: StageRunContext,
  work: () => Promise<AttemptOutcome>,
): Promise<AttemptOutcome> {
  let leaves: 'work' | 'all' | 'nothing' = 'work';
  try {
    const outcome = await work();
    if (outcome.status === 'ran') leaves = 'nothing';
    else if (outcome.status === 'left') leaves = 'all';
    else if (keepFailed && outcome.status !== 'lost') {
      leaves = 'all';
      emit({
        type: 'stage-log',
        stage: stage.id,
        level: 'warning',
        message: `the attempt is kept: ${directory}`,
        hint: 'docs/guides/debug-a-stage.md says how to run it by hand. The next run removes it.',
      });
    }
    return outcome;
  } finally {
    // The next attempt of the action looks again.
    if (leaves === 'work') await keepOnlyWork(directory).catch(() => {});
  }
}

/** What a user can fix is an end like any other; other errors are ours and go up. */
export async function failedByUser(step: () => Promise<AttemptOutcome>): Promise<AttemptOutcome> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof StageError || error instanceof CacheError)) throw error;
    const { message, hint } = error;
    return { status: 'failed', error: { message, ...(hint !== undefined && { hint }) } };
  }
}

/** Follows an attempt to its end, and records what came out. */
async function finishAttempt(
  order: StageOrder,
  number: number,
  { spec, log, started, start, adopted, ...ready }: ReadyAttempt,
  context: StageRunContext,
): Promise<AttemptOutcome> {
  const { stage, reason } = order;
  const { control, emit } = context;
  const metrics = new Map<string, number>();
  const warnings: ResultWarning[] = [];
  let { engine } = ready;
  const about = { stage: stage.id, action: spec.key, attempt: number, reason, log };
  emit({ type: 'stage-started', ...about, ...(adopted && { adopted }) });
  const end = await followAttempt(start(), {
    control,
    // A queue counts from when the attempt really starts.
    timeout: stage.execution.executor === undefined ? stage.execution.timeout : undefined,
    onEvent: (event) => {
      if (event.type === 'metric') metrics.set(event.name, event.value);
      if (event.type === 'warning' && event.of_result) warnings.push(resultWarning(event));
      if (event.type === 'engine') engine = event;
      emit(runEventOf(stage.id, event));
    },
  });
  const work = { started, engine, metrics: Object.fromEntries(metrics), warnings };
  const outcome =
    end.status === 'done' ? await failedByUser(() => recordAttempt(order, spec, end, work, context)) : end;
  return { ...outcome, log };
}

function surroundingsOf(
  { stage, gpus }: StageOrder,
  { environment, store }: StageRunContext,
): Omit<Surroundings, 'log'> {
  const { run, pipeline } = store.about;
  return {
    environment: { ...stageEnvironment(stage, environment), ...visible(gpus) },
    about: { run, pipeline, stage },
  };
}

/** Without a GPU of its own a stage sees what the user sees. */
function visible(gpus: readonly string[]): Record<string, string> {
  return gpus.length > 0 ? { [GPU_VARIABLE]: gpus.join(',') } : {};
}
