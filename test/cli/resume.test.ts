import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, it } from 'vitest';
import type { RunEvent } from '../../src/runner/events/run-event.ts';
import { digests, finished, outcomes, Project } from './rig.ts';

const QUICKSTART = resolve(import.meta.dirname, '../../pipelines/quickstart.yaml');

const projects: Project[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

/** A folder of its own for the artifacts of the quickstart, two epochs long, with a checkpoint after each update. */
function quickstart(): { project: Project; args: string[] } {
  const project = new Project();
  projects.push(project);
  const settings = ['epochs=2', 'stages.train.with.checkpoint_every=0'].flatMap((set) => ['--set', set]);
  return {
    project,
    args: [QUICKSTART, ...settings, '--engine', 'wasm', '--artifacts', project.path('artifacts')],
  };
}

it('a training killed twice goes on from its checkpoints and ends with the bytes of an undisturbed one', async () => {
  const undisturbed = quickstart();
  const whole = await undisturbed.project.run(undisturbed.args);
  expect(whole.code).toBe(0);

  const { project, args } = quickstart();
  for (const updates of [15, 45]) {
    const child = project.start(['run', ...args, '--json']);
    const ended = finished(child);
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const event = JSON.parse(line) as RunEvent;
      const training = event.type === 'stage-progress' && event.stage === 'train';
      if (training && event.done >= updates) child.kill('SIGKILL');
    });
    expect((await ended).signal).toBe('SIGKILL');
  }

  const resumed = await project.run(args);
  expect(resumed.code).toBe(0);
  expect(outcomes(resumed.events)).toMatchObject({ tokenize: 'hit', train: 'ran' });
  expect(firstProgress(resumed.events)).toBeGreaterThanOrEqual(45);
  expect(resumed.stdout).toMatch(/continues from a checkpoint after \d+ updates/);
  expect(digests(resumed.events)).toEqual(digests(whole.events));
}, 120_000);

/** Updates of the training that were done when it told of its progress first. */
function firstProgress(events: readonly RunEvent[]): number | undefined {
  return events.flatMap((event) =>
    event.type === 'stage-progress' && event.stage === 'train' ? [event.done] : [],
  )[0];
}
