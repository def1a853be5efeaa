import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderWith, load, loadText, messagesOf, stage } from './fixture.ts';

describe('loadPipeline', () => {
  it('resolves settings with their defaults, inputs, outputs and execution settings', async () => {
    const pipeline = await loadText(`
params: { rate: 0.5 }
engine: cpu
stages:
  learn:
    uses: learn
    inputs: { text: words.text }
    with: { rate: "\${params.rate}" }
    env: [SEED]
    secrets: [TOKEN]
    resources: { gpu: 1, memory: 1.5GiB }
    timeout: 1h30m
    retries: 2
  words: { uses: source }
`);
    expect(pipeline).toMatchObject({ name: 'test', engine: 'cpu', params: { rate: 0.5 } });
    expect(pipeline.variants).toEqual([{ label: '', params: { rate: 0.5 } }]);
    expect(pipeline.stages.map(({ id }) => id)).toEqual(['words', 'learn']);
    expect(stage(pipeline, 'words').settings).toEqual({ text: 'hello', times: 1 });
    expect(stage(pipeline, 'learn')).toMatchObject({
      name: 'learn',
      variants: [''],
      settings: { rate: 0.5, method: { kind: 'steps', steps: 10 } },
      inputs: { text: { kind: 'output', stage: 'words', output: 'text' } },
      outputs: { model: { artifact: 'directory' }, loss: { artifact: 'file' } },
      env: ['SEED'],
      secrets: ['TOKEN'],
      execution: { resources: { cpu: 1, gpu: 1, memory: 1.5 * 2 ** 30 }, timeout: 5_400_000, retries: 2 },
    });
  });

  it('fills the defaults of the chosen kind only', async () => {
    const pipeline = await loadText(`
stages:
  words: { uses: source }
  learn: { uses: learn, inputs: { text: words.text }, with: { method: { kind: until, loss: 0.1 } } }
`);
    expect(stage(pipeline, 'learn').settings.method).toEqual({ kind: 'until', loss: 0.1 });
  });

  it('names every file that it read', async () => {
    const folder = folderWith({
      'pipeline.yaml': 'extends: ./base.yaml\nstages: { learn: { with: { style: loud } } }',
      'base.yaml':
        'schema: 1\nname: base\nstages: { w: { uses: source }, learn: { uses: learn, inputs: { text: w.text } } }',
      'configs/prompts/loud.yaml': 'before: "!"',
    });
    const { files } = await load(folder);
    expect(files).toEqual(
      ['pipeline.yaml', 'base.yaml', 'configs/prompts/loud.yaml'].map((file) => join(folder, file)),
    );
  });

  it('is not confused by names that every object has', async () => {
    expect(
      await messagesOf(
        loadText(`
stages:
  w: { uses: source }
  l: { uses: learn, inputs: { text: w.toString, constructor: w.text } }
  p: { uses: gather, inputs: { __proto__: w.text, hasOwnProperty: w.text } }
`),
      ),
    ).toEqual(['stage `w` has no output `toString`', 'stage type `learn` has no input `constructor`']);
  });

  it('says so when the pipeline file itself is missing', async () => {
    const folder = folderWith({ 'pipelin.yaml': '' });
    expect(await messagesOf(load(folder))).toEqual([`there is no file ${join(folder, 'pipeline.yaml')}`]);
  });

  it('takes relative files from the folder of the file that says them, through extends and parameters', async () => {
    const folder = folderWith({
      'pipeline.yaml': 'extends: base/base.yaml\nparams: { own: ./own.txt }',
      'own.txt': '',
      'base/base.yaml': `
schema: 1
name: base
params: { own: ./base.txt, common: ./common.txt }
stages:
  page: { uses: gather, inputs: { a: { file: "\${params.own}" }, b: { file: "\${params.common}" }, c: { file: ./c.txt } } }
`,
      'base/common.txt': '',
      'base/c.txt': '',
    });
    const { inputs } = stage(await load(folder), 'page');
    expect(Object.values(inputs).map((input) => (input.kind === 'file' ? input.path : ''))).toEqual(
      ['own.txt', 'base/common.txt', 'base/c.txt'].map((file) => join(folder, file)),
    );
  });

  it('takes relative files of --set from the current folder', async () => {
    const pipeline = await loadText('stages: { page: { uses: gather, inputs: { a: x.y } } }', [
      'stages.page.inputs.a={file: package.json}',
    ]);
    expect(stage(pipeline, 'page').inputs.a).toMatchObject({ path: join(process.cwd(), 'package.json') });
  });
});

describe('a named piece', () => {
  const words = 'words: { uses: source }';
  const learn = (style: string) =>
    `schema: 1\nname: test\nstages: { ${words}, learn: { uses: learn, inputs: { text: words.text }, with: { style: ${style} } } }`;
  const style = async (
    text: string,
    files: Readonly<Record<string, string>>,
    overrides: readonly string[] = [],
  ) =>
    stage(await load(folderWith({ 'pipeline.yaml': learn(text), ...files }), overrides), 'learn').settings
      .style;

  it('is found by name in the project, and before that of the package', async () => {
    const files = {
      'configs/prompts/loud.yaml': 'before: "!"',
      'package-configs/prompts/loud.yaml': 'before: "?"',
      'package-configs/prompts/soft.yaml': 'before: "~"',
    };
    expect(await style('loud', files)).toEqual({ before: '!', after: '.' });
    expect(await style('soft', files)).toEqual({ before: '~', after: '.' });
  });

  it('is found by path, changed with `use`, or written in place', async () => {
    const files = { 'styles/loud.yaml': 'before: "!"\nafter: "!!"' };
    expect(await style('./styles/loud.yaml', files)).toEqual({ before: '!', after: '!!' });
    expect(await style('{ use: ./styles/loud.yaml, after: x }', files)).toEqual({ before: '!', after: 'x' });
    expect(await style('{ use: ./styles/loud.yaml, after: null }', files)).toEqual({
      before: '!',
      after: '.',
    });
    expect(await style('{ before: a }', files)).toEqual({ before: 'a', after: '.' });
  });

  it('is changed by --set below its name', async () => {
    const files = { 'configs/prompts/loud.yaml': 'before: "!"' };
    expect(await style('loud', files, ['stages.learn.with.style.after=x'])).toEqual({
      before: '!',
      after: 'x',
    });
  });
});

describe('a sweep', () => {
  const text = `
params: { rate: 0.1, steps: 1 }
stages:
  words: { uses: source }
  learn:
    uses: learn
    inputs: { text: words.text }
    with: { rate: "\${params.rate}" }
  judge: { uses: gather, inputs: { loss: learn.loss }, with: { values: "\${params.steps}" } }
  all: { uses: gather, inputs: { losses: { each: learn.loss } } }
sweep: { rate: [1.0e-5, 0.5], steps: [1, 2] }
`;

  it('makes a variant of each combination, the last parameter changing fastest', async () => {
    const { variants, params } = await loadText(text);
    expect(variants).toEqual([
      { label: 'rate=0.00001,steps=1', params: { rate: 0.00001, steps: 1 } },
      { label: 'rate=0.00001,steps=2', params: { rate: 0.00001, steps: 2 } },
      { label: 'rate=0.5,steps=1', params: { rate: 0.5, steps: 1 } },
      { label: 'rate=0.5,steps=2', params: { rate: 0.5, steps: 2 } },
    ]);
    expect(params).toEqual({ rate: 0.1, steps: 1 });
  });

  it('shares the stages that come out the same, and labels the others with what they depend on', async () => {
    const pipeline = await loadText(text);
    expect(pipeline.stages.map(({ id }) => id)).toEqual([
      'words',
      'learn[rate=0.00001]',
      'learn[rate=0.5]',
      'judge[rate=0.00001,steps=1]',
      'judge[rate=0.00001,steps=2]',
      'judge[rate=0.5,steps=1]',
      'judge[rate=0.5,steps=2]',
      'all',
    ]);
    expect(stage(pipeline, 'words').variants).toHaveLength(4);
    expect(stage(pipeline, 'learn[rate=0.5]').variants).toEqual(['rate=0.5,steps=1', 'rate=0.5,steps=2']);
    expect(stage(pipeline, 'judge[rate=0.5,steps=2]').inputs.loss).toMatchObject({
      stage: 'learn[rate=0.5]',
    });
  });

  it('gives a collecting stage the output of every variant', async () => {
    expect(stage(await loadText(text), 'all').inputs.losses).toEqual({
      kind: 'each',
      output: 'loss',
      stages: {
        'rate=0.00001,steps=1': 'learn[rate=0.00001]',
        'rate=0.00001,steps=2': 'learn[rate=0.00001]',
        'rate=0.5,steps=1': 'learn[rate=0.5]',
        'rate=0.5,steps=2': 'learn[rate=0.5]',
      },
    });
  });

  it('keeps one stage where different values make no difference', async () => {
    const pipeline = await loadText(`
params: { style: {} }
stages: { words: { uses: source, with: { times: "\${params.style.times}" } } }
sweep: { style: [{ times: 2, note: a }, { times: 2, note: b }] }
`);
    expect(pipeline.variants).toHaveLength(2);
    expect(pipeline.stages.map(({ id }) => id)).toEqual(['words']);
  });

  it('quotes text in labels that could be mistaken for something else', async () => {
    const pipeline = await loadText(`
params: { text: a }
stages: { words: { uses: source, with: { text: "\${params.text}" } } }
sweep: { text: [plain, "1", "a,b=c", "true"] }
`);
    expect(pipeline.variants.map(({ label }) => label)).toEqual([
      'text=plain',
      'text="1"',
      'text="a,b=c"',
      'text="true"',
    ]);
  });

  it('is removed by --set sweep=null', async () => {
    const { variants } = await loadText(text, ['sweep=null']);
    expect(variants.map(({ label }) => label)).toEqual(['']);
  });
});
