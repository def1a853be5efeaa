import { createHash } from 'node:crypto';
import type { Artifact, Files } from './artifact.ts';
import type { Instance, Point } from './expand.ts';
import type { OutputName, StageSketch, Work } from './sketch.ts';

/** More than a record holds inline. */
const BIG_CHARACTERS = 70_000;

/** What a stage does, without its name: part of its settings, as text. */
export interface Task {
  readonly type: StageSketch['type'];
  readonly work: Work;
  readonly point: Point;
}

export function taskOf({ sketch, point }: Instance): Task {
  return { type: sketch.type, work: sketch.work, point };
}

/** Everything that determines a stage's result, in one text: equal texts are one action. */
export type Identity = string;

export function identityOf(task: Task, inputs: Files): Identity {
  return `${JSON.stringify(task)} of ${shortHash(inputs.map(([path, text]) => `${path}\n${text}`).join(''))}`;
}

/** The work of every stage of the model: a pure function, which the shell script of the real binary repeats. */
export function compute(task: Task, inputs: Files): Readonly<Partial<Record<OutputName, Artifact>>> {
  const body = bodyOf(task, inputs);
  const text = `${body}\n${task.work.salt}\n`;
  const all: Record<OutputName, Artifact> = {
    out: { kind: 'file', text },
    big: { kind: 'file', text: text + 'x'.repeat(BIG_CHARACTERS) },
    dir: { kind: 'directory', files: { 'sub/y': `${task.work.salt}\n`, x: `${body}\n` } },
  };
  return Object.fromEntries(task.work.outputs.map((name) => [name, all[name]]));
}

/** Whether a stage fails whatever number of attempts it has. */
export function alwaysFails(task: Task, inputs: Files): boolean {
  const { fails } = task.work;
  return fails === 'always' || (fails === 'by-content' && bodyOf(task, inputs) < '8');
}

function bodyOf({ work, point }: Task, inputs: Files): string {
  const read = inputs.map(([path, text]) =>
    work.reads === 'all' ? `${path}\n${text}` : `${path}\n${text.slice(0, text.indexOf('\n') + 1)}`,
  );
  return shortHash([`${work.salt} ${JSON.stringify(point)}\n`, ...read].join(''));
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
