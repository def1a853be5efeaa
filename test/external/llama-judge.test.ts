import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GGUF_FILE } from '../../src/model/files/gguf/modelfile.ts';
import { exportStage } from '../../src/stages/export/export.ts';
import type { Judgement } from '../../src/text/scores.ts';
import { BINARY, finished, Project } from '../cli/rig.ts';
import { writeExportedModel } from '../fixtures/exported-model.ts';
import { freshDirectory, removeDirectories, runStage } from '../stages/run-stage.ts';

/*
 * A judge in llama.cpp: not part of the ordinary tests, which have neither the package nor a model that can chat.
 *
 *   NODE_LLAMA_CPP=<folder with node_modules/node-llama-cpp> JUDGE_GGUF=<such a model> npm run check:gguf
 */
const LLAMA = process.env.NODE_LLAMA_CPP;
const JUDGE = process.env.JUDGE_GGUF;

const PIPELINE = `
schema: 1
name: in-process
stages:
  judge:
    uses: judge
    inputs: { responses: { file: ./responses.json }, model: { file: ./model.gguf } }
    with:
      rationales: 1
      min_scored: 0
      judge:
        kind: llama-cpp
        label: In process
        format: score
        max_tokens: 40
        prompt: "{{ model_response }}"
        instructions: " How good is that, from 0 to 100?"
        options: { seed: 1, temperature: 0, num_ctx: 128 }
`;
const RESPONSES = ['Paris', 'Rome', 'word '.repeat(300)].map((model_response) => ({
  instruction: 'The capital of France?',
  output: 'Paris',
  model_response,
}));

describe('a judge of kind llama-cpp', () => {
  let project: Project;
  beforeAll(() => {
    project = new Project({ 'judge.yaml': PIPELINE, 'responses.json': JSON.stringify(RESPONSES) });
    project.write('model.gguf', 'no model');
  });
  afterAll(() => {
    project.remove();
    removeDirectories();
  });

  /** pipe as a project has it that has installed both packages. */
  async function installed(...args: string[]) {
    const home = project.path('node_modules/pipe');
    if (!existsSync(home)) {
      mkdirSync(home, { recursive: true });
      for (const part of ['dist', 'configs', 'schemas', 'package.json'])
        cpSync(join(dirname(BINARY), '..', part), join(home, part), { recursive: true });
      symlinkSync(join(LLAMA!, 'node_modules/node-llama-cpp'), project.path('node_modules/node-llama-cpp'));
    }
    const run = await execa(process.execPath, [join(home, 'dist/pipe.cjs'), ...args], {
      cwd: project.directory,
      reject: false,
    });
    return { code: run.exitCode, text: `${run.stdout}\n${run.stderr}` };
  }
  const scores = async () =>
    JSON.parse((await installed('cat', 'judge.yaml', 'judge.scores')).text) as Judgement[];

  it('says before anything starts which package it needs', async () => {
    const { code, stdout } = await finished(project.start(['run', 'judge.yaml']));
    expect(code).toBe(1);
    expect(stdout).toContain('Install it next to pipe: npm install node-llama-cpp@3');
  });

  it.skipIf(LLAMA === undefined)('says what is wrong with a file that is no model', async () => {
    const { code, text } = await installed('run', 'judge.yaml');
    expect(code).toBe(1);
    expect(text).toContain('llama.cpp cannot load the input model');
  });

  it.skipIf(LLAMA === undefined)(
    'refuses a context that is longer than the model has',
    async () => {
      const source = await writeExportedModel(freshDirectory(), 'gpt2', true);
      const { outputs } = await runStage(exportStage, {
        with: { format: 'gguf' },
        inputs: { model: source },
      });
      cpSync(join(outputs.model!, GGUF_FILE), project.path('model.gguf'));
      const { code, text } = await installed('run', 'judge.yaml');
      expect(code).toBe(1);
      expect(text).toMatch(/The input model has a context of \d+ tokens\.\n.*`options.num_ctx`/);
    },
    120_000,
  );

  it.skipIf(LLAMA === undefined || JUDGE === undefined)(
    'gives what fits a score, in the form of the schema, and the same one every time',
    async () => {
      cpSync(JUDGE!, project.path('model.gguf'));
      const first = await installed('run', 'judge.yaml');
      expect(first.code, first.text).toBe(0);
      const judged = await scores();
      const fitting = judged.slice(0, 2);
      for (const { score, reason } of fitting) expect(score !== null || reason !== undefined).toBe(true);
      expect(judged[2]).toEqual({
        index: 2,
        score: null,
        reason: "the question does not fit into the model's context of 128 tokens (`options.num_ctx`)",
      });
      rmSync(project.path('artifacts/cache/items'), { recursive: true });
      const again = await installed('run', 'judge.yaml', '--force', 'judge');
      expect(again.code, again.text).toBe(0);
      expect(await scores()).toEqual(judged);
    },
    300_000,
  );
});
