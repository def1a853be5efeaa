import { cpSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Experiment } from './experiment.ts';
import { digests, outcomes } from './rig.ts';

const STAGES = [
  'download',
  'format',
  'split',
  'tokenize',
  'pretrained',
  'train',
  'generate',
  'judge',
  'report',
];

/** Sixty records of three kinds: enough for six batches, so that the whole experiment takes seconds. */
const RECORDS = JSON.stringify(
  Array.from({ length: 60 }, (_, n) => ({
    instruction: ['Name the number after this one.', 'Say this twice.', 'What is the opposite of this?'][
      n % 3
    ],
    input: n % 2 === 0 ? '' : `item ${n}`,
    output: `The answer is ${n + 1}.`,
  })),
);

/** Which stages ran, in the order of the pipeline. */
function ran(events: Parameters<typeof outcomes>[0]): string[] {
  const all = outcomes(events);
  expect(Object.keys(all).sort()).toEqual([...STAGES].sort());
  return STAGES.filter((stage) => all[stage] === 'ran');
}

describe('only what depends on a change runs again', () => {
  let experiment: Experiment;
  let base: Awaited<ReturnType<Experiment['run']>>;
  const edit = (change: (yaml: string) => string) => {
    const file = experiment.project.path('alpaca.yaml');
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  };
  beforeAll(async () => {
    experiment = await Experiment.start(RECORDS);
    base = await experiment.run('--set', 'stages.generate.with.max_new_tokens=8');
    edit((yaml) => yaml.replace('max_new_tokens: 256', 'max_new_tokens: 8'));
  }, 180_000);
  afterAll(() => experiment?.stop());

  it('runs everything once', () => {
    expect(base.stderr).toBe('');
    expect(ran(base.events)).toEqual(STAGES);
  });

  it('runs nothing the second time', async () => {
    expect(ran((await experiment.run()).events)).toEqual([]);
  });

  it('runs training and what follows for another learning rate, and says why', async () => {
    const plan = await experiment.project.pipe([
      'plan',
      'alpaca.yaml',
      ...experiment.arguments,
      '--set',
      'learning_rate=1e-4',
    ]);
    expect(plan.stdout).toContain('learning_rate 0.00005 -> 0.0001');
    const changed = await experiment.run('--set', 'learning_rate=1e-4');
    expect(ran(changed.events)).toEqual(['train', 'generate', 'judge', 'report']);
  });

  it('runs the judge and the report for another prompt of the judge', async () => {
    const prompt =
      'Score `{{ model_response }}` against `{{ output }}` from 0 to 100. Respond with the integer number only.';
    const changed = await experiment.run('--set', `stages.judge.with.judge.prompt=${JSON.stringify(prompt)}`);
    expect(ran(changed.events)).toEqual(['judge', 'report']);
  });

  it('runs nothing for a touched file or a comment', async () => {
    edit((yaml) => `# a remark\n${yaml}\n# another\n`);
    utimesSync(experiment.project.path('alpaca.yaml'), new Date(), new Date());
    expect(ran((await experiment.run()).events)).toEqual([]);
  });

  it('runs nothing for jobs, engine and resources', async () => {
    const changed = await experiment.run(
      '--jobs',
      '1',
      '--engine',
      'cpu',
      '--set',
      'stages.train.resources={memory: 1GB}',
    );
    expect(changed.code).toBe(0);
    expect(ran(changed.events)).toEqual([]);
  });

  it('runs nothing for a renamed stage', async () => {
    const original = readFileSync(experiment.project.path('alpaca.yaml'), 'utf8');
    edit((yaml) => yaml.replace(/^ {2}tokenize:/m, '  tokens:').replaceAll('tokenize.', 'tokens.'));
    const renamed = await experiment.run();
    expect(new Set(Object.values(outcomes(renamed.events)))).toEqual(new Set(['hit']));
    expect(outcomes(renamed.events).tokens).toBe('hit');
    edit(() => original);
  });

  it('stops where a rerun yields the same bytes', async () => {
    const forced = await experiment.run('--force', 'format');
    expect(ran(forced.events)).toEqual(['format']);
    expect(digests(forced.events)).toEqual(digests(base.events));
  });
});

describe('evaluation only, from the action records and the responses', () => {
  let experiment: Experiment;
  afterAll(() => experiment?.stop());

  it('runs judge and report and never asks for the model', async () => {
    experiment = await Experiment.start(RECORDS);
    const arguments_ = ['--set', 'stages.generate.with.max_new_tokens=8'];
    const base = await experiment.run(...arguments_);
    expect(base.code).toBe(0);

    // A fresh machine: the records, one object, nothing else; and the server of data and models is gone.
    const cache = experiment.project.path('artifacts', 'cache');
    const responses = digests(base.events)['generate.responses']!;
    const kept = join('objects', responses.slice(0, 2), responses.slice(2));
    cpSync(join(cache, 'actions'), experiment.project.path('saved', 'actions'), { recursive: true });
    cpSync(join(cache, kept), experiment.project.path('saved', kept), { recursive: true });
    rmSync(experiment.project.path('artifacts'), { recursive: true, force: true });
    cpSync(experiment.project.path('saved'), cache, { recursive: true });
    expect(files(join(cache, 'objects'))).toHaveLength(1);
    await experiment.files.close();

    const changed = await experiment.run(...arguments_, '--set', 'stages.judge.with.rationales=1');
    expect(changed.stderr).toBe('');
    expect(changed.code).toBe(0);
    expect(ran(changed.events)).toEqual(['judge', 'report']);
    const model = digests(base.events)['train.model']!;
    expect(files(join(cache, 'objects')).filter((file) => file.includes(model.slice(2)))).toEqual([]);
  }, 180_000);
});

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );
}
