import { statSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import type { Execution } from './direct-executor.ts';
import type { World } from './world.ts';

/** What a run that has ended should not have left: temporary files, locks, attempts of actions that it has finished. */
export function leftoverViolations(world: World, executions: readonly Execution[]): string[] {
  const ends = new Map(executions.map(({ key, end }) => [key, end]));
  const unfinished = [...world.filesIn('cache/tmp'), ...world.filesIn('cache/locks')];
  const attempts = world.filesIn('work').filter((file) => {
    const [key] = relative(`${world.artifacts}/work`, file).split('/') as [string];
    return ends.get(key) === 'done';
  });
  return [
    ...unfinished.map((file) => `${relative(world.artifacts, file)} is left`),
    ...attempts.map((file) => `${relative(world.artifacts, file)} of a finished action is left`),
  ];
}

/** One text that changes when any file of the artifacts does. */
export function snapshot(world: World): string {
  return world
    .filesIn('.')
    .map((file) => {
      const { size, mtimeNs } = statSync(file, { bigint: true });
      return `${basename(dirname(file))}/${basename(file)} ${size} ${mtimeNs}`;
    })
    .join('\n');
}
