import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The other readers are programs in Python. */
export const PYTHON = process.env.PIPE_PYTHON ?? 'python3';

/** How many files each test damages: `npm run damage` tries 5,000. */
export const TRIES = Number(process.env.PIPE_DAMAGE_TRIES ?? 300);

/** What a program of this folder answers to each question. Throws with its words if it fails. */
export function askPython<Answer>(program: string, questions: readonly object[]): readonly Answer[] {
  const { stdout, stderr, status } = spawnSync(PYTHON, [join(import.meta.dirname, program)], {
    input: questions.map((question) => `${JSON.stringify(question)}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    env: { ...process.env, PYTHONIOENCODING: 'utf-8' },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}
