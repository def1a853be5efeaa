import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JudgingProgram } from '../../../../src/stages/judge/command/judging-program.ts';
import { judge } from '../../../../src/stages/judge/judge.ts';
import {
  freshDirectory,
  removeDirectories,
  resolvedSettings,
  runStage,
  type StageRunOptions,
  world,
} from '../../run-stage.ts';
import { scoresOf } from '../scores-of.ts';

/** Scores by length; notes each question and its environment in the file that its argument names. */
const PROGRAM = `
const { appendFileSync } = require('node:fs');
const { createInterface } = require('node:readline');
createInterface({ input: process.stdin }).on('line', (line) => {
  const { index, model_response } = JSON.parse(line);
  appendFileSync(process.argv[2], model_response + ' ' + Object.keys(process.env).sort().join() + '\\n');
  console.error('judging ' + index);
  console.log(JSON.stringify({ index, score: 10 * model_response.length, vowels: 1, reply: 'long', extra: {} }));
});
`;

let responses: string;
let notes: string;
let program: string;

beforeEach(() => {
  const folder = freshDirectory();
  [responses, notes, program] = ['responses.json', 'notes', 'program'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  write(['a', 'bb', 'cccc']);
  writeFileSync(notes, '');
  writeFileSync(program, PROGRAM);
});
afterEach(removeDirectories);

function write(replies: readonly string[]): void {
  const items = replies.map((model_response) => ({ instruction: '?', output: 'a', model_response }));
  writeFileSync(responses, JSON.stringify(items));
}

const run = async (command: readonly string[], options: StageRunOptions = {}, more: object = {}) => {
  const { outputs } = await runStage(judge, {
    with: { judge: { kind: 'command', label: 'Mine', command }, ...more },
    inputs: { responses, program },
    ...options,
  });
  return scoresOf(outputs.scores);
};
/** A program in one line of shell. */
const shell = (script: string, more: object = {}) => run(['sh', '-c', script], {}, more);
const noted = () => readFileSync(notes, 'utf8').trimEnd().split('\n');

describe('a program as the judge', () => {
  it('gets the responses as JSON lines and gives their scores', async () => {
    expect(await run(['node', 'inputs/program', notes])).toEqual([
      { score: 10, vowels: 1, reply: 'long', index: 0 },
      { score: 20, vowels: 1, reply: 'long', index: 1 },
      { score: 40, vowels: 1, reply: 'long', index: 2 },
    ]);
  });

  it('may answer in any order, several at a time', async () => {
    const backwards = `read a; read b; read c; for i in 2 1 0; do echo "{\\"index\\": $i, \\"score\\": $i}"; done`;
    const scores = await shell(backwards, { concurrency: 3 });
    expect(scores.map(({ score }) => score)).toEqual([0, 1, 2]);
  });

  it('judges only what has changed, and everything if the program has', async () => {
    const itemsDirectory = join(freshDirectory(), 'items');
    const again = () => run(['node', 'inputs/program', notes], { itemsDirectory });
    await again();
    write(['a', 'eeeee', 'cccc']);
    await again();
    expect(noted().map((line) => line.split(' ')[0])).toEqual(['a', 'bb', 'cccc', 'eeeee']);
    writeFileSync(program, `${PROGRAM}// changed`);
    await again();
    expect(noted()).toHaveLength(7);
  });

  it('sees of the environment what any program needs, and the secret that is named', async () => {
    const secrets = { MY_KEY: 'k', OTHER: 'o' };
    await run(['node', 'inputs/program', notes], { secrets }, { api_key: 'MY_KEY' });
    const seen = noted()[0]!.split(' ')[1]!.split(',');
    expect(seen.filter((name) => !['HOME', 'LANG', 'PATH', 'TMPDIR'].includes(name))).toEqual(['MY_KEY']);
  });

  it('is not begun without the secret that is named', async () => {
    const settings = resolvedSettings(judge, {
      judge: { kind: 'command', label: 'Mine', command: ['true'] },
      api_key: 'MY_KEY',
    });
    const problems = (secrets: Record<string, string>) =>
      judge.preflight!(settings, { inputBytes: {}, ...world({}, secrets) });
    expect(await problems({})).toMatchObject([{ hint: expect.stringContaining('secrets: [MY_KEY]') }]);
    expect(await problems({ MY_KEY: 'of\nmany lines' })).toEqual([]);
  });

  it.each([
    ['{"index": 0, "score": null}', 'the program gave no score'],
    ['{"index": 0, "score": null, "reason": "too short"}', 'too short'],
    ['{"index": 0, "score": 101}', 'its score is not a number from 0 to 100'],
    ['{"index": 0, "score": "9"}', 'its score is not a number from 0 to 100'],
    ['{"index": 0}', 'its score is not a number from 0 to 100'],
  ])('that answers %s gives no score', async (line, reason) => {
    write(['a']);
    const [judgement] = await shell(`read line; echo '${line}'`, { min_scored: 0 });
    expect(judgement).toEqual({ index: 0, score: null, reason });
  });

  it.each([
    ['is not there', ['no-such-program'], /^Cannot start `no-such-program`: /],
    [
      'fails',
      ['sh', '-c', 'read line; echo "no licence" >&2; exit 3'],
      /ended with exit code 3 before .*:\nno licence$/,
    ],
    ['is killed', ['sh', '-c', 'kill -9 $$'], /was ended by SIGKILL before/],
    [
      'writes other words',
      ['sh', '-c', 'read line; echo Hello; read line'],
      /wrote a line that is no answer: Hello$/,
    ],
    [
      'answers what nobody asked',
      ['sh', '-c', 'read line; echo \'{"index": 7, "score": 1}\'; read line'],
      /no answer: /,
    ],
  ])('that %s fails the stage', async (_, command, message) => {
    await expect(run(command)).rejects.toThrow(message);
  });

  it('is the same kind of script in every project', async () => {
    const directory = freshDirectory();
    writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
    expect(await run(['node', 'inputs/program', notes], { directory })).toHaveLength(3);
  });

  it('that keeps its answers to itself is told to flush them', async () => {
    await expect(shell('cat > /dev/null', { reply_timeout: 0.2 })).rejects.toMatchObject({
      message: expect.stringContaining('gave no answer within 0.2 s.'),
      hint: expect.stringContaining('flush'),
    });
  });

  it('ends when the run is cancelled', async () => {
    const cancel = new AbortController();
    const running = run(['sh', '-c', 'read line; exec sleep 60'], { signal: cancel.signal });
    setTimeout(() => cancel.abort(new Error('cancelled')), 50);
    await expect(running).rejects.toThrow('cancelled');
  });

  it('ends when the run is cancelled while it is being started', async () => {
    const cancel = new AbortController();
    const settings = resolvedSettings(judge, {
      judge: { kind: 'command', label: 'Mine', command: ['sleep', '60'] },
    });
    const context = {
      scratchDirectory: freshDirectory(),
      inputs: {},
      environment: { PATH: process.env.PATH },
    };
    const sleeper = new JudgingProgram(settings as never, context as never);
    const asked = sleeper.ask({}, 0, cancel.signal);
    cancel.abort(new Error('cancelled'));
    await expect(asked).rejects.toThrow('cancelled');
    await sleeper.close();
  });
});
