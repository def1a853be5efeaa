import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { finished, type Project, parseEvents } from '../../cli/rig.ts';
import { pipelineYaml } from './command-pipeline.ts';
import type { Identity } from './compute.ts';
import type { Execution } from './direct-executor.ts';
import { eventViolations } from './event-checks.ts';
import { executionViolations } from './execution-checks.ts';
import { leftoverViolations, snapshot } from './leftovers-checks.ts';
import { type ObservedRun, outcomesOf } from './observed-run.ts';
import { digestViolations } from './output-checks.ts';
import type { Call, Played } from './play.ts';
import type { World } from './world.ts';

/** In this time what goes on after the end of a run shows itself. */
const AFTERWARDS_MS = 20;
const CODES = { succeeded: 0, failed: 1, cancelled: 130, 'preflight-failed': 1 } as const;

/** Runs the real binary on a pipeline of shell scripts, which log what they do. */
export async function runBinary(project: Project, world: World, call: Call): Promise<Played> {
  const { pipeline, sketch, only = [], force, forecast } = call;
  const file = (name: string) => join(world.directory, name);
  writeFileSync(file('package.json'), '{}');
  writeFileSync(file('pipeline.yaml'), pipelineYaml(pipeline, world.directory));
  writeFileSync(file('pace'), sketch.durations.map((ms) => `${ms / 1000}\n`).join(''));
  writeFileSync(file('log'), '', { flag: 'a' });
  rmSync(file('stubborn'), { force: true });
  if (sketch.isStubborn) writeFileSync(file('stubborn'), '');
  const before = readFileSync(file('log'), 'utf8').length;

  const options = [...only.flatMap((id) => ['--only', id]), ...force.flatMap((id) => ['--force', id])];
  const args = ['run', 'pipeline.yaml', '--json', '--jobs', String(sketch.jobs), ...options];
  const child = project.start(args, {}, world.directory);
  let lines = 0;
  let isInterrupted = false;
  child.stdout!.on('data', (text: string) => {
    for (const _ of text.matchAll(/\n/g)) {
      if (!sketch.interrupts.includes(lines++)) continue;
      isInterrupted = true;
      child.kill('SIGINT');
    }
  });
  const { code, signal, stdout, stderr } = await finished(child);
  const events = parseEvents(stdout);
  const last = events.at(-1);
  const outcome = last?.type === 'run-finished' ? last.outcome : 'failed';
  const logged = readFileSync(file('log'), 'utf8').slice(before).split('\n').slice(0, -1);
  const run: ObservedRun = {
    forecast,
    events,
    outcome,
    executions: executionsOf(logged, events, isInterrupted),
    isInterrupted,
  };
  for (const { identity, end } of run.executions) {
    if (identity !== undefined && end !== 'cancelled') world.recorded.attempted(identity, end === 'done');
  }
  const after = snapshot(world);
  await delay(AFTERWARDS_MS);
  const violations = [
    // An interrupt that comes when the run has ended ends the process as any other.
    ...(code === CODES[outcome] || (isInterrupted && signal === 'SIGINT')
      ? []
      : [`the exit code is ${code}, the run has ${outcome}: ${stderr}`]),
    ...(snapshot(world) === after ? [] : ['something is written after the end of the run']),
    ...eventViolations(run),
    ...executionViolations(run, world.actions),
    ...digestViolations(run),
    ...leftoverViolations(world, run.executions),
    ...(isInterrupted ? [] : overlapViolations(logged, sketch.jobs)),
    ...(await catViolations(project, world, run)),
  ];
  return { runs: [run], violations };
}

/** What the scripts have logged; what an interrupt has ended, or a stage that was not recorded, counts as cancelled. */
function executionsOf(
  logged: readonly string[],
  events: ObservedRun['events'],
  isInterrupted: boolean,
): Execution[] {
  const stages = new Map(
    events.flatMap((event) => (event.type === 'stage-started' ? [[event.action, event.stage]] : [])),
  );
  const outcomes = outcomesOf(events);
  const executions: Execution[] = [];
  for (const line of logged) {
    const [what, key, ...rest] = line.split(' ') as [string, string, ...string[]];
    const stage = stages.get(key) ?? '(unknown)';
    if (what === 'start') executions.push({ stage, key, identity: rest.join(' '), end: 'none' });
    else {
      const execution = executions.findLast((one) => one.key === key && one.end === 'none');
      const isKept = !isInterrupted || outcomes.get(stage) === 'ran';
      if (execution) execution.end = rest[0] === 'failed' ? 'failed' : isKept ? 'done' : 'cancelled';
    }
  }
  for (const execution of executions)
    if (execution.end === 'none' && isInterrupted) execution.end = 'cancelled';
  return executions;
}

function overlapViolations(logged: readonly string[], jobs: number): string[] {
  const running: Identity[] = [];
  return logged.flatMap((line) => {
    const [what, key] = line.split(' ') as [string, string];
    if (what === 'end') running.splice(running.indexOf(key), 1);
    else running.push(key);
    const twice = new Set(running).size < running.length ? [`an action runs twice at once: ${key}`] : [];
    return running.length > jobs ? [`more than ${jobs} at once`, ...twice] : twice;
  });
}

/** `pipe cat` of every file that the run has given, or of the first few. */
async function catViolations(
  project: Project,
  world: World,
  { events, forecast }: ObservedRun,
): Promise<string[]> {
  const violations: string[] = [];
  const given = [...outcomesOf(events)].filter(([, outcome]) => outcome === 'hit' || outcome === 'ran');
  const outputs = given.flatMap(([stage]) =>
    Object.entries(forecast.stages.get(stage)!.outputs).map(([name, artifact]) => ({
      id: `${stage}.${name}`,
      artifact,
    })),
  );
  for (const { id, artifact } of outputs.filter(({ artifact }) => artifact.kind === 'file').slice(0, 2)) {
    const { stdout, stderr, code } = await project.pipe(['cat', 'pipeline.yaml', id], {}, world.directory);
    const isLost = code !== 0 && !world.isStored(artifact);
    if (!isLost && artifact.kind === 'file' && stdout !== artifact.text) {
      violations.push(`cat ${id} prints other bytes: ${stdout.slice(0, 40)} ${stderr}`);
    }
  }
  return violations;
}
