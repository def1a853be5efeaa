import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/runner/events/run-event.ts';
import { type OllamaServer, startOllamaServer } from '../servers/ollama-server.ts';
import { finished, outcomes, Project } from './rig.ts';

const KEY = 'sk-very-secret';

let server: OllamaServer;
let project: Project;

beforeEach(async () => {
  server = await startOllamaServer(() => '50');
  project = new Project({ 'responses.json': responses('a', 'b', 'c'), 'judge.yaml': pipeline() });
});
afterEach(async () => {
  project.remove();
  await server.close();
});

function responses(...replies: string[]): string {
  return JSON.stringify(replies.map((model_response) => ({ instruction: '?', output: 'a', model_response })));
}

/** One stage for each name; they differ in the settings that are given. */
function pipeline(stages: Record<string, string> = { judge: '' }): string {
  const text = Object.entries(stages).map(
    ([name, settings]) => `
  ${name}:
    uses: judge
    secrets: [OLLAMA_API_KEY]
    inputs: { responses: { file: ./responses.json } }
    with:
      rationales: 0
      url: ${server.url}
      judge:
        kind: ollama
        label: A judge
        model: llama3
        prompt: "{{ model_response }}"
        instructions: "?"
        options: { seed: 1 }
      ${settings}`,
  );
  return `schema: 1\nname: judged\nstages:${text.join('')}\n`;
}

const run = (...args: string[]) => project.run(['judge.yaml', ...args], { OLLAMA_API_KEY: KEY });
const warnings = (events: readonly RunEvent[]) =>
  events.flatMap((event) => (event.type === 'stage-log' && event.level === 'warning' ? [event.message] : []));

describe('a warning about a result', () => {
  it('is shown again each time the result comes from the cache', async () => {
    server.answer = ({ messages }) => (messages[0]!.content === 'b?' ? 'Good.' : '50');
    const first = await run();
    const again = await run();
    expect(outcomes(again.events)).toEqual({ judge: 'hit' });
    const warning = '1 of 3 replies gave no score, the first for item 1: the reply holds no number';
    expect([warnings(first.events), warnings(again.events)]).toEqual([[warning], [warning]]);
    expect((await project.pipe(['run', 'judge.yaml'], { OLLAMA_API_KEY: KEY })).stdout).toContain(warning);
  });

  it('about how the work went is not: it is no longer true', async () => {
    server.answer = (_, count) => (count === 0 ? { status: 503, error: 'server busy' } : '50');
    expect(warnings((await run()).events)).toEqual(['Ollama answered 503: server busy; asking again in 1 s']);
    expect(warnings((await run()).events)).toEqual([]);
  });
});

describe('what was asked once', () => {
  it('is not asked again when another response has changed', async () => {
    await run();
    project.write('responses.json', responses('a', 'new', 'c'));
    expect(outcomes((await run()).events)).toEqual({ judge: 'ran' });
    expect(server.questions.map(({ messages }) => messages[0]!.content)).toEqual(['a?', 'b?', 'c?', 'new?']);
  });

  it('is not asked again after too few scores, nor by another stage', async () => {
    server.answer = () => 'Good.';
    const failed = await run();
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain(
      '3 of 3 replies gave no score, the first for item 0: the reply holds no number',
    );
    const two = pipeline({
      judge: 'min_scored: 0',
      other: 'min_scored: 0.0\n      concurrency: 2\n      reply_timeout: 9',
    });
    project.write('judge.yaml', two);
    const judged = outcomes((await run()).events);
    expect(Object.values(judged)).toContain('ran');
    expect(Object.values(judged)).not.toContain('failed');
    expect(server.questions).toHaveLength(3);
  });

  it('is not asked again after the run was killed', async () => {
    const killed = project.start(['run', 'judge.yaml'], { OLLAMA_API_KEY: KEY });
    server.answer = (_, count) => {
      if (count === 2) killed.kill('SIGKILL');
      return count < 2 ? '50' : { fault: 'hang' };
    };
    await finished(killed);
    server.answer = () => '50';
    expect(outcomes((await run()).events)).toEqual({ judge: 'ran' });
    // The third question had no answer yet.
    expect(server.questions.map(({ messages }) => messages[0]!.content)).toEqual(['a?', 'b?', 'c?', 'c?']);
  });

  it('is asked again where its entry was damaged', async () => {
    await run();
    const folder = project.path('artifacts/cache/items');
    const [entry] = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.json'),
    );
    project.write(join('artifacts/cache/items', entry!), '{');
    await run('--force', 'judge');
    expect(server.questions).toHaveLength(4);
  });
});

describe('a jury', () => {
  it('takes its judges from configs/judges, as they are or changed, and is one itself', async () => {
    project.write('package.json', '{}');
    project.write(
      'configs/judges/both.yaml',
      'kind: jury\nlabel: Both\njudges: [reference, { use: reference, label: Letters, metric: chrf }]\n',
    );
    project.write(
      'judge.yaml',
      `schema: 1
name: judged
stages:
  judge: { uses: judge, inputs: { responses: { file: ./responses.json } }, with: { judge: both } }
`,
    );
    expect(outcomes((await run()).events)).toEqual({ judge: 'ran' });
    const { stdout } = await finished(project.start(['cat', 'judge.yaml', 'judge.summary']));
    expect(JSON.parse(stdout).judges).toMatchObject([
      { judge: { metric: 'rouge_l' } },
      { judge: { label: 'Letters', metric: 'chrf' } },
    ]);
  });

  it('has its mistakes shown where they are', async () => {
    project.write(
      'judge.yaml',
      pipeline().replace(
        /judge:\n {8}kind: ollama[\s\S]*$/,
        'judge: { kind: jury, label: Both, judges: [reference, refrence] }\n',
      ),
    );
    const { code, stdout, stderr } = await run();
    expect(code).toBe(2);
    expect(stdout + stderr).toContain('there is no `refrence` in configs/judges');
  });
});

describe('a key', () => {
  it('opens the server, and is neither stored nor shown, also where the server repeats it', async () => {
    server.key = KEY;
    server.answer = (_, count) => (count === 0 ? '50' : { status: 400, error: `no ${KEY} today` });
    const { code, stdout, stderr } = await run();
    expect(code).toBe(1);
    expect(stdout).toContain('no ***OLLAMA_API_KEY*** today');
    expect(stdout + stderr).not.toContain(KEY);
    server.answer = () => '50';
    expect((await run()).code).toBe(0);
    const files = readdirSync(project.path('artifacts'), { recursive: true, withFileTypes: true });
    for (const file of files.filter((entry) => entry.isFile()))
      expect(readFileSync(join(file.parentPath, file.name), 'latin1')).not.toContain(KEY);
  });

  it('that is wrong ends the run before it starts', async () => {
    server.key = 'another';
    const { code, stdout } = await run();
    expect(code).toBe(1);
    expect(stdout).toContain('does not take the key (401)');
    expect(server.questions).toHaveLength(0);
  });
});
