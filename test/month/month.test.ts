import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Random } from '../faults/seeded.ts';
import { LivingProject, outcomeOf, type Result } from './project.ts';
import { newProject, type ProjectState } from './project-state.ts';
import { EDITS } from './steps.ts';

/*
 * A month of somebody's work: a project is edited, broken, mended, swept, renamed, moved, cleaned, killed and evaluated. After
 * each step a run gives what a runner gives that has never seen the project, and executes nothing that is recorded.
 * `npm run month` takes 300 steps and prints what they cost.
 */

const STEPS = Number(process.env.PIPE_MONTH_STEPS ?? 12);
const SECONDS_A_STEP = 30;

let project: LivingProject;
beforeAll(() => {
  project = new LivingProject();
});
afterAll(() => project.remove());

/** What the steps cost, beside doing everything anew each time. */
const cost = { executions: 0, executionsAnew: 0, milliseconds: 0, millisecondsAnew: 0, largest: 0 };

/** What is done to a project besides editing it. Gives whether results may have been lost that are on record. */
const DEEDS: Readonly<Record<string, (random: Random) => Promise<boolean>>> = {
  async moves() {
    project.move();
    return false;
  },
  async 'collects garbage'(random) {
    const { stdout } = await succeeds('gc', '--runs', String(1 + random.below(4)), '--age', '0s', '--json');
    cost.largest = Math.max(cost.largest, JSON.parse(stdout).bytes_before);
    return false;
  },
  async 'loses objects'(random) {
    for (const object of project.objects()) if (random.chance(0.3)) rmSync(object);
    return true;
  },
  async 'is killed'(random) {
    await project.runAndKill(random.below(1500));
    return false;
  },
  async 'is run twice at once'() {
    await Promise.all([project.run(), project.run()]);
    return false;
  },
  async 'looks around'(random) {
    for (const verb of ['plan', 'status', 'graph', 'validate'])
      if (random.chance(0.5)) await project.pipe(verb, 'experiment.yaml');
    await succeeds('runs');
    await succeeds('du');
    await succeeds('verify');
    return false;
  },
  async 'tags a run'(random) {
    await succeeds('tag', `tag-${random.below(3)}`, 'last');
    return false;
  },
};

async function succeeds(...args: string[]) {
  const ended = await project.pipe(...args);
  expect([args.join(' '), ended.code, ended.stderr]).toEqual([args.join(' '), 0, '']);
  return ended;
}

/** Does a step at random. Gives what it was, and whether results on record may be lost. */
async function step(
  state: ProjectState,
  random: Random,
): Promise<[what: string, state: ProjectState, lossy: boolean]> {
  if (random.chance(0.35)) {
    const [what, deed] = random.pick(Object.entries(DEEDS));
    return [what, state, await deed(random)];
  }
  const fitting = Object.entries(EDITS).flatMap(([what, edit]) => {
    const next = edit(state, random);
    return next === undefined ? [] : [[what, next] as const];
  });
  // Nobody lives with a mistake for long.
  const mended = fitting.find(([what]) => what === 'mends');
  const [what, next] = mended && random.chance(0.5) ? mended : random.pick(fitting);
  return [what, next, false];
}

it(`${STEPS} steps of daily work: each gives what a rebuild from nothing gives, and executes only what is not recorded`, {
  timeout: STEPS * SECONDS_A_STEP * 1000,
}, async () => {
  let state = newProject();
  project.write(state);
  await project.run();
  const steps: string[] = [];
  for (let number = 0; number < STEPS; number++) {
    const random = new Random('month', number);
    const [what, next, lossy] = await step(state, random);
    state = next;
    steps.push(what);
    const told = `step ${number}: ${steps.slice(-5).join(', ')}`;
    project.write(state);
    const recorded = project.recorded();
    const result = await project.run();
    const anew = await project.runFromNothing();
    expect(outcomeOf(result), told).toEqual(outcomeOf(anew));
    const again = executed(result).filter(({ action }) => action !== undefined && recorded.has(action));
    if (!lossy) expect(again, `${told}: executed although it is recorded`).toEqual([]);
    if (result.code === 0) await evaluatesAlone(state, told);
    count(result, anew);
  }
  await settles();
  console.log(summary());
});

/** What was executed and gave a result. */
function executed({ stages }: Result) {
  return [...stages.values()].filter(({ outcome }) => outcome === 'ran');
}

/** With everything up to date, an evaluation alone runs nothing. */
async function evaluatesAlone({ names }: ProjectState, told: string): Promise<void> {
  const { code, stages, stderr } = await project.run('--only', names.judge, '--frozen');
  const outcomes = new Set([...stages.values()].map(({ outcome }) => outcome));
  expect({ code, stderr, outcomes: [...outcomes] }, told).toEqual({ code: 0, stderr: '', outcomes: ['hit'] });
}

/** In the end nothing is damaged, and what the last run needs outlives a thorough clean-up. */
async function settles(): Promise<void> {
  const state = { ...newProject(), words: ['at', 'the', 'end', 'all', 'is', 'well', 'my', 'friend'] };
  project.write(state);
  await project.run();
  await succeeds('gc', '--runs', '1', '--age', '0s');
  await succeeds('verify');
  const result = await project.run();
  expect([result.code, executed(result)]).toEqual([0, []]);
}

function count(result: Result, anew: Result): void {
  cost.executions += executed(result).length;
  cost.executionsAnew += executed(anew).length;
  cost.milliseconds += result.milliseconds;
  cost.millisecondsAnew += anew.milliseconds;
}

function summary(): string {
  const minutes = (milliseconds: number) => `${(milliseconds / 60_000).toFixed(1)} min`;
  return [
    `${STEPS} steps: ${cost.executions} stages executed instead of ${cost.executionsAnew}`,
    `${minutes(cost.milliseconds)} instead of ${minutes(cost.millisecondsAnew)}`,
    `at most ${Math.round(cost.largest / 1000)} KB of objects`,
  ].join(', ');
}
