import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { BINARY, outcomes, Project } from '../rig.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

const rows = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ question: `Double ${n}`, answer: `${2 * n}` }));
const jsonLines = (items: readonly object[]) => items.map((item) => `${JSON.stringify(item)}\n`).join('');
const csv = (items: readonly { question: string; answer: string }[]) =>
  `question,answer\n${items.map(({ question, answer }) => `${question},${answer}\n`).join('')}`;

/** `pipe init` in a terminal of its own, which `script` of Linux gives. */
function inTerminal(project: Project) {
  const child = spawn(
    'script',
    ['--quiet', '--return', '--command', `${process.execPath} ${BINARY} init`, '/dev/null'],
    {
      cwd: project.directory,
      env: { PATH: process.env.PATH ?? '', HOME: project.directory, TERM: 'dumb', LANG: 'C.UTF-8' },
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
  });
  return {
    code: new Promise((done) => child.once('exit', done)),
    /** Waits for words, which come after those that were waited for before, and types an answer. */
    async answer(words: string, text: string, key = '\n') {
      await expect.poll(() => shown, { timeout: 20_000, interval: 20 }).toContain(words);
      shown = shown.slice(shown.indexOf(words) + words.length);
      child.stdin.write(`${text}${key}`);
    },
  };
}

describe('pipe init', () => {
  let project: Project;
  beforeEach(() => {
    project = new Project();
  });
  afterEach(() => project.remove());

  const stagesOf = (file: string) => parse(readFileSync(project.path(file), 'utf8')).stages;

  it('writes a pipeline on the data that comes with pipe, which runs as it is', async () => {
    const { code, stdout, stderr } = await project.pipe(['init']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toBe(`Wrote pipeline.yaml and data/quickstart.json. Next:
  pipe plan pipeline.yaml                 what would run
  pipe run pipeline.yaml                  trains and judges
  pipe open pipeline.yaml                 the report
  pipe run pipeline.yaml --set epochs=5   change a number: only what depends on it runs again
`);
    const { code: ended, events } = await project.run(['pipeline.yaml', '--set', 'epochs=1']);
    expect(ended).toBe(0);
    expect(outcomes(events)).toMatchObject({ train: 'ran', judge: 'ran', report: 'ran' });
  }, 120_000);

  it('overwrites nothing, whatever is in the way', async () => {
    project.write('pipeline.yaml', 'mine');
    expect(await project.pipe(['init'])).toMatchObject({
      code: 2,
      stderr:
        'error: pipeline.yaml exists, and nothing is overwritten\n  name another: pipe init pipeline-2.yaml\n',
    });
    project.write('data/quickstart.json', 'my own questions');
    expect((await project.pipe(['init', 'other.yaml'])).code).toBe(2);
    expect(existsSync(project.path('other.yaml'))).toBe(false);
    symlinkSync('nowhere.yaml', project.path('link.yaml'));
    project.write('q.csv', csv(rows(20)));
    expect((await project.pipe(['init', 'link.yaml', '--data', 'q.csv'])).code).toBe(2);
    expect(readFileSync(project.path('pipeline.yaml'), 'utf8')).toBe('mine');
    expect(readFileSync(project.path('data/quickstart.json'), 'utf8')).toBe('my own questions');
    expect(readdirSync(project.directory).sort()).toEqual([
      'data',
      'link.yaml',
      'package.json',
      'pipeline.yaml',
      'q.csv',
    ]);
  });

  it('finds the mapping of own data, and the pipeline learns from it', async () => {
    project.write('data/q.csv', csv(rows(24)));
    expect((await project.pipe(['init', 'sub/mine.yaml', '--data', 'data/q.csv'])).code).toBe(0);
    expect(stagesOf('sub/mine.yaml').format).toEqual({
      uses: 'format',
      inputs: { data: { file: '../data/q.csv' } },
      with: { prompt: 'plain', fields: { instruction: 'question', output: 'answer' } },
    });
    const { code, events } = await project.run(['sub/mine.yaml', '--set', 'epochs=1']);
    expect(code).toBe(0);
    expect(events.filter(({ type }) => type === 'stage-finished')).toHaveLength(10);
  }, 120_000);

  it('takes as few records as can be cut in three, and no fewer', async () => {
    project.write('4.jsonl', jsonLines(rows(4)));
    project.write('3.jsonl', jsonLines(rows(3)));
    expect((await project.pipe(['init', 'four.yaml', '--data', '4.jsonl'])).code).toBe(0);
    expect((await project.run(['four.yaml', '--set', 'epochs=1'])).code).toBe(0);
    const few = await project.pipe(['init', 'three.yaml', '--data', '3.jsonl']);
    expect(few).toMatchObject({
      code: 1,
      stderr:
        'error: 3.jsonl holds 3 questions and answers: too few to train, validate and test with.\n  At least 4 are needed.\n',
    });
    expect(existsSync(project.path('three.yaml'))).toBe(false);
  }, 120_000);

  it('takes conversations with a style that shows them, long texts with a longer context, other encodings by name', async () => {
    const chat = (n: number) => ({
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: `${'word '.repeat(80)}${n}` },
        { role: 'assistant', content: 'yes' },
      ],
    });
    project.write('chat.jsonl', jsonLines(Array.from({ length: 12 }, (_, n) => chat(n))));
    expect((await project.pipe(['init', 'chat.yaml', '--data', 'chat.jsonl'])).code).toBe(0);
    const stages = stagesOf('chat.yaml');
    expect(stages.format.with).toEqual({ prompt: 'chatml' });
    expect(stages.generate.with.prompt).toBe('chatml');
    expect(stages.pretrained.with.model).toEqual({ use: 'nano', n_positions: 512 });

    project.write('latin.csv', Buffer.from(csv(rows(12)).replaceAll('Double', 'Größe'), 'latin1'));
    const refused = await project.pipe(['init', 'latin.yaml', '--data', 'latin.csv']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('encoding: windows-1252');
    const args = ['init', 'latin.yaml', '--data', 'latin.csv', '--encoding', 'windows-1252'];
    expect((await project.pipe(args)).code).toBe(0);
    expect((await project.run(['latin.yaml', '--only', 'split'])).code).toBe(0);

    const misspelt = await project.pipe(['init', 'u.yaml', '--data', 'latin.csv', '--encoding', 'utf9']);
    expect(misspelt.code).toBe(1);
    expect(misspelt.stderr).toContain('"utf9" is not the name of an encoding');
    expect(existsSync(project.path('u.yaml'))).toBe(false);
  });

  it.each([
    ['nothing', '', 'holds no items'],
    ['an empty list', '[]', 'holds no items'],
    ['half of a file', '[{"question": "a", "answer": "b"}, {"quest', 'JSON'],
    ['a web page', '<!doctype html><html></html>', 'a web page'],
    ['an archive', Buffer.from('504b030414000000', 'hex'), 'a ZIP archive or an Excel workbook'],
    ['numbers', '1\n2\n3\n', 'not instruction data'],
    ['prompts alone', jsonLines([{ instruction: 'a' }, { instruction: 'b' }]), 'prompts without answers'],
    [
      'one item that is another one',
      jsonLines([...rows(5), { question: 7, answer: 'b' }]),
      'item 5 (line 6)',
    ],
    ['objects of unknown names', jsonLines([{ foo: 1, bar: 2 }]), 'It has the fields: foo, bar.'],
  ])('says what is wrong with data that is %s, and writes nothing', async (_, content, message) => {
    project.write('data', content);
    const { code, stdout, stderr } = await project.pipe(['init', '--data', 'data']);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('internal error');
    expect([code, stdout]).toEqual([1, '']);
    expect(readdirSync(project.directory).sort()).toEqual(['data', 'package.json']);
  });

  it('takes names that YAML, templates and shells would read otherwise', async () => {
    const odd = [
      `a: b # c.csv`,
      'true',
      '${params.x}.csv',
      `it's "q" $(touch x).csv`,
      'größe\n{{ x }}.csv',
      '- x',
    ];
    for (const [index, name] of odd.entries()) {
      project.write(name, csv(rows(8)));
      const file = `odd ${index} {#.yaml`;
      expect((await project.pipe(['init', file, '--data', name])).code, name).toBe(0);
      expect(stagesOf(file).format.inputs.data.file.replaceAll('$${', '${')).toBe(`./${name}`);
      const { code, stderr } = await project.pipe(['validate', file]);
      expect(`${code} ${stderr}`).toBe('0 ');
    }
  });

  it.each([
    ['gpt2-small', { with: { source: 'openai', model: 'gpt2-small' } }],
    [
      'distilbert/distilgpt2',
      { with: { source: 'huggingface', model: { huggingface: 'distilbert/distilgpt2' } } },
    ],
    ['./model', { inputs: { folder: { file: './model' } }, with: { source: 'huggingface' } }],
    ['smollm2-135m', { with: { source: 'huggingface', model: 'smollm2-135m', tie_word_embeddings: true } }],
    [
      'mine.GGUF',
      {
        inputs: { gguf: { file: './mine.GGUF' } },
        with: { source: 'gguf', tie_word_embeddings: true },
      },
    ],
  ])('takes the model %s', async (model, stage) => {
    mkdirSync(project.path('model'));
    project.write('model/config.json', '{}');
    copyFileSync(join(ROOT, 'test/golden/gguf-models/mixed.gguf'), project.path('mine.GGUF'));
    expect((await project.pipe(['init', '--model', model])).code).toBe(0);
    const { pretrained, tokenize } = stagesOf('pipeline.yaml');
    expect(pretrained).toEqual({ uses: 'pretrained', ...stage });
    expect('model' in tokenize.inputs).toBe(model !== 'gpt2-small');
    expect((await project.pipe(['validate', 'pipeline.yaml'])).code).toBe(0);
  });

  it.skipIf(process.platform !== 'linux')(
    'asks on a terminal, again where an answer cannot be taken',
    async () => {
      project.write('q.csv', csv(rows(12)));
      const asked = inTerminal(project);
      await asked.answer('Enter alone takes', 'missing.csv');
      await asked.answer('there is no file missing.csv', 'q.csv');
      await asked.answer('Model:', 'gpt2-smal');
      await asked.answer('did you mean `gpt2-small`?', '');
      expect(await asked.code).toBe(0);
      expect(stagesOf('pipeline.yaml').format.inputs.data.file).toBe('./q.csv');
      expect(stagesOf('pipeline.yaml').pretrained.with.model).toBe('nano');
    },
  );

  it.skipIf(process.platform !== 'linux').each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('writes nothing where somebody leaves with %s', async (_, key) => {
    const asked = inTerminal(project);
    await asked.answer('Enter alone takes', '', key);
    expect(await asked.code).toBe(130);
    expect(readdirSync(project.directory)).toEqual(['package.json']);
  });

  it('takes a GGUF file of somebody else, and the pipeline learns from it; one that cannot be read is refused at once', async () => {
    copyFileSync(join(ROOT, 'test/golden/gguf-models/float16.gguf'), project.path('m.gguf'));
    project.write('q.jsonl', jsonLines(rows(4)));
    expect((await project.pipe(['init', '--data', 'q.jsonl', '--model', 'm.gguf'])).code).toBe(0);
    const fast = ['--set', 'epochs=1', '--set', 'stages.train.with.max_length=40', '--engine', 'cpu'];
    const run = await project.pipe(['run', 'pipeline.yaml', '--until', 'train', ...fast]);
    expect(run.code, run.stderr).toBe(0);
    project.write('half.gguf', readFileSync(project.path('m.gguf')).subarray(0, 9000));
    const half = await project.pipe(['init', 'half.yaml', '--model', 'half.gguf']);
    expect([half.code, existsSync(project.path('half.yaml'))]).toEqual([1, false]);
    expect(half.stderr).toMatch(/half\.gguf (is cut short|ends too early)/);
  });

  it('refuses a model that is none, with what may have been meant', async () => {
    mkdirSync(project.path('empty'));
    const slip = await project.pipe(['init', '--model', 'gpt2-smal']);
    expect(slip.code).toBe(2);
    expect(slip.stderr).toContain('did you mean `gpt2-small`?');
    const empty = await project.pipe(['init', '--model', './empty']);
    expect(empty.stderr).toContain('the folder ./empty holds no config.json');
    expect(readdirSync(project.directory).sort()).toEqual(['empty', 'package.json']);
  });

  it('names the schema for editors: within a project that has pipe, by a path that is right for everybody', async () => {
    expect((await project.pipe(['init'])).code).toBe(0);
    const schema = (file: string) =>
      /^# yaml-language-server: \$schema=(.*)\n/.exec(readFileSync(project.path(file), 'utf8'))![1]!;
    expect(schema('pipeline.yaml')).toBe(resolve(ROOT, 'schemas/pipeline.schema.json'));
  });
});
