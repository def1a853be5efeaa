import { setTimeout as delay } from 'node:timers/promises';
import { expand, type Instance } from './expand.ts';
import type { History, Rival, RunSketch } from './history.ts';
import { type ObservedRun, outcomesOf } from './observed-run.ts';
import { reshape } from './reshape.ts';
import type { PipelineSketch } from './sketch.ts';
import type { Forecast } from './staleness.ts';
import { callText, pipelineText, runText } from './transcript.ts';
import { World } from './world.ts';

/** What is not so new that the cache reads it again. */
const WAIT_MS = 2_100;
/** What a run has left behind in spite of its end must not reach into the next history. */
const BURIAL_MS = 100;

/** A run as it is called, and what the model says of it. */
export interface Call {
  readonly pipeline: PipelineSketch;
  readonly instances: readonly Instance[];
  readonly only: readonly string[] | undefined;
  readonly force: readonly string[];
  readonly sketch: RunSketch;
  readonly forecast: Forecast;
  readonly rival: Rivalry | undefined;
}

interface Rivalry {
  readonly call: Call;
  readonly startsAt: number;
}

/** A run that has ended, or several at once, and what was wrong with it as far as the way of running it can tell. */
export interface Played {
  readonly runs: readonly ObservedRun[];
  readonly violations: readonly string[];
}

export type PlayRun = (world: World, call: Call) => Promise<Played>;

/** How often each thing happened, for whoever doubts that histories are more than nothing. */
export type Tally = Map<string, number>;

/**
 * Plays a history: changes, then a run, and again. Throws an Error with the history where a run differs from
 * the model.
 */
export async function play(
  history: History,
  inputNames: readonly string[],
  playRun: PlayRun,
  tally: Tally,
): Promise<void> {
  const world = new World(history.files);
  const transcript = [pipelineText(history.pipeline)];
  try {
    let { pipeline } = history;
    for (const { changes, run: sketch, rival } of history.steps) {
      for (const change of changes) {
        if (change.is === 'wait') await delay(WAIT_MS);
        const before = pipeline;
        pipeline = reshape(pipeline, change, inputNames);
        const text = pipeline === before ? undefined : `${change.is}: ${pipelineText(pipeline)}`;
        transcript.push(world.apply(change) ?? text ?? `${change.is}: changes nothing`);
      }
      const call = callOf(world, pipeline, sketch, rival);
      transcript.push(callText(call));
      const { runs, violations } = await playRun(world, call);
      transcript.push(...runs.flatMap(runText), ...violations.map((line) => `WRONG: ${line}`));
      if (violations.length > 0) {
        await delay(BURIAL_MS);
        throw new Error(`\n${transcript.join('\n')}`);
      }
      for (const run of runs) count(run, tally);
    }
  } finally {
    world.remove();
  }
}

function callOf(world: World, pipeline: PipelineSketch, sketch: RunSketch, rival?: Rival): Call {
  const instances = expand(pipeline);
  const idOf = (choice: number) => instances[choice % instances.length]!.id;
  const only = sketch.only === undefined ? undefined : [idOf(sketch.only)];
  const force = sketch.force === undefined ? [] : [idOf(sketch.force)];
  const forecast = world.recorded.forecast(instances, world.disk, { only, force }, (artifact) =>
    world.isStored(artifact),
  );
  return {
    pipeline,
    instances,
    only,
    force,
    sketch,
    forecast,
    rival: rival && { call: callOf(world, pipeline, rival), startsAt: rival.startsAt },
  };
}

function count({ events, executions, isInterrupted }: ObservedRun, tally: Tally): void {
  const things = [
    ...outcomesOf(events).values(),
    ...executions.map(() => 'execution'),
    ...events.flatMap((event) => (event.type === 'stage-retrying' ? ['retry'] : [])),
    ...events.flatMap((event) => {
      if (event.type !== 'stage-planned' && event.type !== 'stage-finished') return [];
      return event.reason.code === 'output-lost' ? ['lost output'] : [];
    }),
    isInterrupted ? 'interrupted run' : 'run',
  ];
  for (const thing of things) tally.set(thing, (tally.get(thing) ?? 0) + 1);
}
