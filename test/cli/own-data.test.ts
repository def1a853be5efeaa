import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Project } from './rig.ts';

let project: Project;
afterEach(() => project.remove());

const golden = (name: string) => readFileSync(join(import.meta.dirname, '../golden/data', name));
const pipelineOf = (file: string, settings: string) => `schema: 1
name: own-data
stages:
  format:
    uses: format
    inputs: { data: { file: ./${file} } }
    with: { ${settings} }
  split:
    uses: split
    inputs: { records: format.records }
    with: { train: 0.6, test: 0.2 }
`;
const records = async (output: string) =>
  (await project.pipe(['cat', 'pipeline.yaml', output])).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

const TABLE = `question,context,answer,topic
"Which is larger, 2 or 3?",,3,maths
Opposite?,hot,cold,words
Opposite?,wet,,words
"A line
break?",,yes,words
Double 4?,,8,maths
`;

describe('data of one’s own', () => {
  it('that does not fit is refused with the line to write, which then works', async () => {
    project = new Project({ 'data.csv': TABLE, 'pipeline.yaml': pipelineOf('data.csv', 'prompt: plain') });
    const refused = await project.pipe(['run', 'pipeline.yaml']);
    expect(refused.code).toBe(1);
    const line = 'fields: { instruction: question, output: answer, input: context }';
    expect(refused.stdout).toContain(line);

    project.write('pipeline.yaml', pipelineOf('data.csv', `prompt: plain, ${line}, keep: [topic]`));
    expect((await project.pipe(['run', 'pipeline.yaml'])).code).toBe(0);
    expect(
      (await records('split.train')).map(({ prompt, response, topic }) => [prompt, response, topic]),
    ).toEqual([
      ['Which is larger, 2 or 3?\n', '=> 3', 'maths'],
      ['Opposite?\nhot\n', '=> cold', 'words'],
      ['Opposite?\nwet\n', '=> ', 'words'],
    ]);
  });

  it('has its warnings shown again when the result comes from the cache', async () => {
    const settings = 'prompt: plain, fields: { instruction: question, output: answer, input: context }';
    project = new Project({ 'data.csv': TABLE, 'pipeline.yaml': pipelineOf('data.csv', settings) });
    for (const _ of ['ran', 'hit']) {
      const { stdout, code } = await project.pipe(['run', 'pipeline.yaml']);
      expect(code).toBe(0);
      expect(stdout).toContain('1 of 5 records has an empty output (record 2)');
      expect(stdout).toContain('fields that are not used: topic');
    }
  });

  it('may be Parquet, which the built program reads as the sources do', async () => {
    project = new Project({
      'a.parquet': golden('zstd.parquet'),
      'pipeline.yaml': pipelineOf('a.parquet', 'prompt: plain'),
    });
    expect((await project.pipe(['run', 'pipeline.yaml'])).code).toBe(0);
    const items = JSON.parse(golden('array.json').toString()).slice(0, 24);
    expect((await records('split.train')).map(({ output }) => output)).toEqual(
      items.map(({ output }: { output: string }) => output),
    );
  });

  it('in another encoding is refused with the setting to write, which then works', async () => {
    const bytes = Buffer.from('instruction,output\nCafé?,ja\nb,c\nd,e\nf,g\nh,i\n', 'latin1');
    project = new Project({ 'data.csv': bytes, 'pipeline.yaml': pipelineOf('data.csv', 'prompt: plain') });
    const refused = await project.pipe(['run', 'pipeline.yaml']);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('line 2 has the byte 0xE9');
    project.write('pipeline.yaml', pipelineOf('data.csv', 'prompt: plain, encoding: windows-1252'));
    expect((await project.pipe(['run', 'pipeline.yaml'])).code).toBe(0);
    expect((await records('split.train'))[0].instruction).toBe('Café?');
  });

  it('without answers is generated from and judged by a program, but not trained on', async () => {
    const prompts = Array.from(
      { length: 5 },
      (_, n) => `${JSON.stringify({ instruction: `Double ${n}` })}\n`,
    );
    project = new Project({
      'prompts.jsonl': prompts.join(''),
      'pipeline.yaml': `schema: 1
name: prompts
stages:
  format:
    uses: format
    inputs: { data: { file: ./prompts.jsonl } }
    with: { prompt: plain }
  pretrained:
    uses: pretrained
    with: { source: random, model: nano, seed: 1 }
  generate:
    uses: generate
    inputs: { records: format.records, model: pretrained.model }
    with: { prompt: plain, max_new_tokens: 4 }
  judge:
    uses: judge
    inputs: { responses: generate.responses }
    with: { judge: { kind: command, label: length, command: [sh, -c, "while read line; do n=$((n)); echo \\"{\\\\\\"index\\\\\\": $n, \\\\\\"score\\\\\\": 50}\\"; n=$((n+1)); done"] } }
  tokenize:
    uses: tokenize
    inputs: { train: format.records, validation: format.records }
`,
    });
    const { code, stdout } = await project.pipe(['run', 'pipeline.yaml', '--engine', 'wasm']);
    expect(code).toBe(1);
    expect(stdout).toContain('tokenize failed: Input train: Record 0 has no output: it is a prompt alone.');
    const summary = JSON.parse((await project.pipe(['cat', 'pipeline.yaml', 'judge.summary'])).stdout);
    expect(summary).toMatchObject({ items: 5, mean: 50 });
  });
});
