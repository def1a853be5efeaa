import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunEvent } from '../../../src/runner/events/run-event.ts';
import { runPipeline } from '../../../src/runner/run.ts';
import { RunControl } from '../../../src/runner/schedule/run-control.ts';
import { DirectExecutor, type Execution } from './direct-executor.ts';
import { eventViolations } from './event-checks.ts';
import { executionViolations, rivalViolations } from './execution-checks.ts';
import type { Instance } from './expand.ts';
import { leftoverViolations, snapshot } from './leftovers-checks.ts';
import type { ObservedRun } from './observed-run.ts';
import { digestViolations, storeViolations } from './output-checks.ts';
import { pipelineOf, shareOf } from './pipeline-of.ts';
import type { Call, Played } from './play.ts';
import { CAPACITY } from './sketch.ts';
import type { World } from './world.ts';

/** Longer than any run takes, also on a busy machine. */
const HANG_MS = 20_000;
const STACK_LINES = 4;
/** In this time what goes on after the end of a run shows itself. */
const AFTERWARDS_MS = 2;

interface Ended {
  readonly run: ObservedRun;
  readonly violations: string[];
}

/** Runs the runner in this process, on an executor that needs no other; with a rival, two of it at once. */
export async function runInProcess(world: World, call: Call): Promise<Played> {
  const { rival } = call;
  let startRival: () => void = () => {};
  const second =
    rival && new Promise<void>((start) => (startRival = start)).then(() => execute(world, rival.call));
  const first = await execute(world, call, (count) => {
    if (rival && count >= rival.startsAt) startRival();
  });
  startRival();
  const ended = second ? [first, await second] : [first];
  const runs = ended.map(({ run }) => run);
  const violations = ended.flatMap((one) => one.violations);
  if (violations.length > 0) return { runs, violations };
  const after = snapshot(world);
  await delay(AFTERWARDS_MS);
  if (snapshot(world) !== after) violations.push('something is written after the end of the run');
  violations.push(
    ...(rival ? rivalViolations(runs, world.actions) : executionViolations(first.run, world.actions)),
    ...leftoverViolations(
      world,
      runs.flatMap(({ executions }) => executions),
    ),
  );
  for (const run of runs) {
    violations.push(
      ...eventViolations(run),
      ...digestViolations(run),
      ...(await storeViolations(run, pipelineOf(call.instances, world.directory), world.artifacts)),
    );
  }
  return { runs, violations };
}

async function execute(
  world: World,
  call: Call,
  onEvent: (count: number) => void = () => {},
): Promise<Ended> {
  const { instances, sketch, only, force, forecast } = call;
  const violations: string[] = [];
  const executor = new DirectExecutor(world.recorded, sketch, (atWork) =>
    violations.push(...shareViolations(atWork, instances, sketch.jobs)),
  );
  const control = new RunControl();
  const events: RunEvent[] = [];
  let isInterrupted = false;
  const emit = (event: RunEvent): void => {
    if (events.at(-1)?.type === 'run-finished') violations.push(`after run-finished: ${event.type}`);
    if (event.type === 'run-finished' && executor.atWork.size > 0) {
      violations.push(`at run-finished still at work: ${[...executor.atWork].map(({ stage }) => stage)}`);
    }
    if (sketch.interrupts.includes(events.length)) {
      isInterrupted = true;
      control.interrupt();
    }
    events.push(event);
    onEvent(events.length);
  };
  const summary = await inTime(
    runPipeline(pipelineOf(instances, world.directory), {
      artifactsDirectory: world.artifacts,
      ...(only && { only }),
      force,
      jobs: sketch.jobs,
      preflight: true,
      offline: false,
      environment: {},
      executor,
      emit,
      control,
      argv: ['run', 'pipeline.yaml'],
      versions: {},
      capacity: CAPACITY,
    }),
  );
  const outcome = summary instanceof Error ? 'failed' : summary.outcome;
  const run: ObservedRun = { forecast, events, outcome, executions: executor.executions, isInterrupted };
  if (summary instanceof Error) {
    violations.push(`the run ends in ${summary.stack?.split('\n').slice(0, STACK_LINES).join('\n')}`);
  } else violations.push(...storedEventViolations(events, join(summary.directory, 'events.ndjson')));
  return { run, violations };
}

function storedEventViolations(events: readonly RunEvent[], file: string): string[] {
  const stored = readFileSync(file, 'utf8').split('\n');
  const emitted = [...events.map((event) => JSON.stringify(event)), ''];
  const line = emitted.findIndex((text, index) => text !== stored[index]);
  if (line === -1 && stored.length === emitted.length) return [];
  return [`line ${line + 1} of the stored events is ${stored[line]}, emitted was ${emitted[line]}`];
}

/** Never more stages at once than there are jobs, nor more than the machine has. */
function shareViolations(
  atWork: readonly Execution[],
  instances: readonly Instance[],
  jobs: number,
): string[] {
  const running = atWork.map(({ stage }) => instances.find(({ id }) => id === stage)!);
  const names = running.map(({ id }) => id).join(', ');
  const violations = running.length > jobs ? [`more than ${jobs} at once: ${names}`] : [];
  for (const resource of ['cpu', 'gpu', 'memory'] as const) {
    const used = running.reduce((sum, instance) => sum + shareOf(instance)[resource], 0);
    if (used > CAPACITY[resource]) violations.push(`${used} of ${resource} at once: ${names}`);
  }
  if (running.filter(({ sketch }) => sketch.type === 'one-at-a-time').length > 1) {
    violations.push(`two of a type that runs one at a time: ${names}`);
  }
  return violations;
}

/** The error that a promise ends in, or that it does not end, as a value. */
async function inTime<T>(promise: Promise<T>): Promise<T | Error> {
  let timer: NodeJS.Timeout | undefined;
  const hang = new Promise<Error>((resolve) => {
    timer = setTimeout(() => resolve(new Error('the run does not end')), HANG_MS);
  });
  try {
    return await Promise.race([promise, hang]);
  } catch (error) {
    return error as Error;
  } finally {
    clearTimeout(timer);
  }
}
