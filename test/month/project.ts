import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RunEvent } from '../../src/runner/events/run-event.ts';
import { type Finished, finished, Project } from '../cli/rig.ts';
import { filesOf, type ProjectState } from './project-state.ts';

type StageFinished = Extract<RunEvent, { type: 'stage-finished' }>;

/** What a run came to. */
export interface Result {
  readonly code: number | null;
  /** How long the program took, in milliseconds. */
  readonly milliseconds: number;
  readonly stages: ReadonlyMap<string, StageFinished>;
  readonly stderr: string;
}

/** A project on the disk, and beside it a folder for what a runner gives that has never seen it. */
export class LivingProject {
  readonly #rig = new Project();
  #moves = 0;

  /** Name of the project's folder; it changes as the project moves. */
  get folder(): string {
    return this.#rig.path(`project-${this.#moves}`);
  }

  write(state: ProjectState): void {
    for (const [path, content] of Object.entries(filesOf(state)))
      this.#rig.write(`project-${this.#moves}/${path}`, content);
  }

  move(): void {
    const before = this.folder;
    this.#moves++;
    renameSync(before, this.folder);
  }

  async run(...args: string[]): Promise<Result> {
    return await this.#run(args);
  }

  /** What a run gives that finds nothing: the truth. */
  async runFromNothing(): Promise<Result> {
    const nothing = this.#rig.path('nothing');
    rmSync(nothing, { recursive: true, force: true });
    return await this.#run(['--artifacts', nothing]);
  }

  /** Any other verb. */
  async pipe(...args: string[]): Promise<Finished> {
    return await this.#rig.pipe(args, {}, this.folder);
  }

  /** A run that is killed after a while, with no chance to tidy up. */
  async runAndKill(afterMilliseconds: number): Promise<void> {
    const child = this.#rig.start(['run', 'experiment.yaml', '--json'], {}, this.folder);
    const ended = finished(child);
    const timer = setTimeout(() => child.kill('SIGKILL'), afterMilliseconds);
    await ended;
    clearTimeout(timer);
  }

  /** Keys of the actions that have a record. */
  recorded(): ReadonlySet<string> {
    const actions = join(this.folder, 'artifacts/cache/actions');
    return new Set(existsSync(actions) ? readdirSync(actions) : []);
  }

  /** Paths of the objects. */
  objects(): readonly string[] {
    const objects = join(this.folder, 'artifacts/cache/objects');
    const entries = existsSync(objects) ? readdirSync(objects, { recursive: true, withFileTypes: true }) : [];
    return entries.flatMap((entry) => (entry.isFile() ? [join(entry.parentPath, entry.name)] : [])).sort();
  }

  remove(): void {
    this.#rig.remove();
  }

  async #run(args: readonly string[]): Promise<Result> {
    const began = performance.now();
    const { code, stdout, stderr } = await this.#rig.pipe(
      ['run', 'experiment.yaml', '--json', ...args],
      {},
      this.folder,
    );
    const milliseconds = performance.now() - began;
    const events = stdout.split('\n').flatMap((line): StageFinished[] => {
      const event = line === '' ? undefined : (JSON.parse(line) as RunEvent);
      return event?.type === 'stage-finished' ? [event] : [];
    });
    return { code, milliseconds, stages: new Map(events.map((event) => [event.stage, event])), stderr };
  }
}

/** All of a result but how much of it was cached, and what depends on where it was made. */
export function outcomeOf({ code, stages, stderr }: Result) {
  const ended = [...stages].map(([stage, { outcome, outputs, error }]) => [
    stage,
    outcome === 'hit' ? 'ran' : outcome,
    Object.fromEntries(Object.entries(outputs).map(([name, { digest }]) => [name, digest])),
    error?.message,
  ]);
  return { code, stages: ended.sort(([one], [other]) => (String(one) < String(other) ? -1 : 1)), stderr };
}
