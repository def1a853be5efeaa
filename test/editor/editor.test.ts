import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stageTypes } from '../../src/stages/index.ts';
import { LanguageServer } from './language-server.ts';

/* What an editor shows in a pipeline file, by the language server that most editors run. */

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, 'pipelines');
const SCHEMA = relative(FOLDER, join(ROOT, 'schemas/pipeline.schema.json'));
const HEAD = `# yaml-language-server: $schema=${SCHEMA}
schema: 1
name: open
params: { rate: 0.0001, style: alpaca }
`;

describe('the editor', () => {
  let server: LanguageServer;
  beforeAll(async () => {
    server = await LanguageServer.start();
  });
  afterAll(() => server.stop());

  const open = (text: string) => server.open(HEAD + text, FOLDER);

  it.each(readdirSync(FOLDER).filter((file) => file.endsWith('.yaml')))(
    'finds nothing wrong in %s',
    async (file) => {
      const document = server.open(readFileSync(join(FOLDER, file), 'utf8'), FOLDER);
      expect(await document.diagnostics()).toEqual([]);
    },
  );

  it('finds nothing wrong with templates, pieces, merge keys, conditions and keys of other tools', async () => {
    const document = open(`x-defaults: &defaults { retries: 1, timeout: 1h }
stages:
  data:
    <<: *defaults
    uses: download
    when: params.rate > 0
    with: { url: https://example.org/data.json }
  format:
    <<: [*defaults]
    uses: format
    x-note: ours
    inputs: { data: { output: data.file, optional: true } }
    with: { prompt: "\${params.style}" }
  own:
    uses: format
    inputs: { data: { file: ./data/quickstart.json } }
    with: { prompt: ./my-style.yaml, }
  changed:
    uses: format
    inputs: { data: "\${params.data}" }
    with: { prompt: { use: alpaca, header: x } }
  program:
    uses: command
    inputs: { anything.json: data.file, other: { each: format.records } }
    retries: "\${params.retries}"
    with: { run: "true", outputs: { text: o } }
sweep: { rate: { from: 1, to: 2, steps: 2 } }
`);
    expect(await document.diagnostics()).toEqual([]);
  });

  it('underlines what is wrong: misspelt inputs, settings and keys, missing inputs, wrong kinds of values', async () => {
    const document = open(`stages:
  train:
    uses: train
    inputs: { train: t.train, validatoin: t.validation, model: p.model }
    with: { epochs: many, batch_siez: 8 }
    retires: 1
  judge: { uses: jugde }
`);
    const found = await document.diagnostics();
    const wrong = ['validatoin', 'inputs', 'many', 'batch_siez', 'retires', 'jugde'];
    expect(found.map(({ text }) => text).sort()).toEqual(wrong.sort());
    expect(found.find(({ text }) => text === 'validatoin')!.message).toBe(
      'Property validatoin is not allowed.',
    );
    expect(found.find(({ text }) => text === 'inputs')!.message).toBe('Missing property "validation".');
    expect(found.find(({ text }) => text === 'many')!.message).toMatch(/pattern|Incorrect type/);
  });

  describe('completes', () => {
    it.each(
      [...stageTypes.values()].filter(({ inputs }) => inputs !== 'any' && Object.keys(inputs).length > 0),
    )('the inputs of a stage of type $uses', async ({ uses, inputs }) => {
      const document = open(`stages:\n  a:\n    uses: ${uses}\n    inputs:\n      \n`);
      expect((await document.complete('inputs:\n      ')).toSorted()).toEqual(Object.keys(inputs).sort());
    });

    it.each([
      ['format', 'prompt', 'prompts'],
      ['judge', 'judge', 'judges'],
      ['pretrained', 'model', 'models'],
    ])('in a stage of type %s for %s the names in configs/%s', async (uses, setting, kind) => {
      const document = open(`stages:\n  a:\n    uses: ${uses}\n    with:\n      ${setting}: \n`);
      const names = readdirSync(join(ROOT, 'configs', kind)).map((file) => file.replace('.yaml', ''));
      expect(await document.complete(`\n      ${setting}: `)).toEqual(expect.arrayContaining(names));
    });

    it('the types and keys of stages, choices of settings, and an output that an input usually takes', async () => {
      const document = open(`stages:
  a:
    uses: 
  b:
    uses: generate
    inputs:
      model: 
    with:
      strategy: 
  c:
    uses: generate
    
`);
      expect(await document.complete('  a:\n    uses: ')).toEqual(
        expect.arrayContaining([...stageTypes.keys()]),
      );
      expect(await document.complete('model: ')).toContain('train.model');
      expect(await document.complete('strategy: ')).toEqual(expect.arrayContaining(['greedy', 'sample']));
      expect(await document.complete('c:\n    uses: generate\n    ')).toEqual(
        expect.arrayContaining(['when', 'timeout', 'retries', 'fail_if']),
      );
    });
  });

  describe('says, where the mouse rests', () => {
    const text = `stages:
  train:
    uses: train
    inputs: { train: tokenize.train, validation: tokenize.validation, model: pretrained.model }
    with: { learning_rate: "\${params.rate}", epochs: 3 }
    timeout: 6h
  get:
    uses: download
    with: { url: https://example.org/a, max_bytes: 10 }
  format:
    uses: format
    inputs: { data: get.file }
    with: { prompt: alpaca }
`;

    it.each([
      [
        'a setting: what it is, its default, and that a change runs the stage again',
        'epochs: 3',
        /Passes over.* Default: .*2.* Result setting: changing it runs the stage again\./,
      ],
      [
        'an execution setting: that a change runs nothing',
        'max_bytes',
        /Execution setting: changing it reruns nothing\./,
      ],
      ['a setting that another pins: when it counts', 'url:', /with .*sha256/],
      ['a template: the setting that it is for', '${params.rate}', /^Learning rate of AdamW/],
      ['an input: what it is for', 'validation: tok', /A directory\.|A file\./],
      [
        'a key of a stage, with its units',
        'timeout',
        /An attempt that takes longer is killed.*Units: ms, s, m, h, d/,
      ],
      ['a stage type', 'uses: download', /The stage type|Downloads/],
      ['a piece: what its file says of itself', 'prompt: alpaca', /The Alpaca style/],
      ['a parameter', 'rate: 0.0001', /A parameter: stages read it as/],
    ])('%s', async (_, words, expected) => {
      const shown = await open(text).hover(words);
      expect(shown.replaceAll('\\', '')).toMatch(expected);
      expect(shown).not.toContain('||');
    });

    it('a description for each setting and input of each stage type', async () => {
      const settings = [...stageTypes.values()].flatMap(({ uses, settings }) =>
        Object.keys(settings.properties).map((name) => [uses, name] as const),
      );
      for (const [uses, name] of settings) {
        const shown = await open(
          `stages:\n  a:\n    uses: ${uses}\n    with:\n      ${name}: "\${params.x}"\n`,
        ).hover(`${name}: "`);
        expect(shown, `${uses}.${name}`).toMatch(/(Result|Execution) setting/);
      }
    }, 60_000);
  });
});
