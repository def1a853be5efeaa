import type { Random } from '../faults/seeded.ts';

/** What somebody has written into the files of a project, at one moment. */
export interface ProjectState {
  /** The words that the model learns to spell. */
  words: readonly string[];
  learningRate: number;
  /** Learning rates of the sweep; undefined where there is none. */
  sweep: readonly number[] | undefined;
  /** A number in the training script, on which its result depends. */
  constant: number;
  /** A comment in that script, on which nothing depends. */
  comment: string;
  /** The stages' names, which mean nothing to the results. */
  names: { readonly train: string; readonly judge: string };
  /** Whether the file lists what comes last first. */
  reversed: boolean;
  /** Indentation and blank lines. */
  airy: boolean;
  mistake: Mistake | undefined;
}

/** What people get wrong, and mend in a later step. */
export const MISTAKES = [
  'misspelt key',
  'unknown stage',
  'cut data',
  'failing script',
  'no output',
  'bad value',
] as const;
export type Mistake = (typeof MISTAKES)[number];

/** A project as it begins. */
export function newProject(): ProjectState {
  return {
    words: ['winter', 'apple', 'stone', 'river', 'cloud', 'bread', 'light', 'horse', 'paper', 'green'],
    learningRate: 0.001,
    sweep: undefined,
    constant: 7,
    comment: 'trains',
    names: { train: 'train', judge: 'judge' },
    reversed: false,
    airy: false,
    mistake: undefined,
  };
}

/** The files of a project in this state. */
export function filesOf(state: ProjectState): Readonly<Record<string, string>> {
  const { words, mistake } = state;
  const records = words.map((word) => ({
    instruction: 'Spell the word.',
    input: word,
    output: [...word].join('-'),
  }));
  const data = JSON.stringify(records, null, 1);
  return {
    'package.json': '{}',
    'base.yaml': pipelineOf(state),
    'experiment.yaml': `extends: ./base.yaml\nparams: { learning_rate: ${state.learningRate} }\n${sweepOf(state)}`,
    'data/words.json': mistake === 'cut data' ? data.slice(0, -20) : data,
    'scripts/train.sh': trainingScript(state),
    'scripts/answer.mjs': ANSWER,
  };
}

function sweepOf({ sweep }: ProjectState): string {
  return sweep === undefined ? '' : `sweep: { learning_rate: [${sweep.join(', ')}] }\n`;
}

function trainingScript({ constant, comment, mistake }: ProjectState): string {
  return [
    `# ${comment}`,
    ...(mistake === 'failing script' ? ['echo "no memory" >&2', 'exit 3'] : []),
    `{ cat inputs/train; echo "$1 ${constant}"; } | cksum > ${mistake === 'no output' ? 'elsewhere' : 'model'}`,
    '',
  ].join('\n');
}

/** Answers rightly or wrongly by a number that follows from the model and the word. */
const ANSWER = `import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
const model = readFileSync('inputs/model', 'utf8');
const records = readFileSync('inputs/records', 'utf8').trim().split('\\n').map((line) => JSON.parse(line));
const responses = records.map((record) => {
  const luck = createHash('sha256').update(model + record.input).digest()[0];
  return { ...record, model_response: luck < 150 ? record.output : record.input };
});
writeFileSync('responses.json', JSON.stringify(responses));
`;

function pipelineOf({ names, reversed, airy, mistake }: ProjectState): string {
  const { train, judge } = names;
  const stages: readonly string[] = [
    `format:
    uses: format
    inputs: { data: { file: ./data/words.json } }
    with: { prompt: plain }`,
    `split:
    uses: split
    inputs: { records: format.records }
    with: { train: 0.5, test: 0.4 }`,
    `${train}:
    uses: command
    inputs: { train: ${mistake === 'unknown stage' ? 'spilt' : 'split'}.train, script: { file: ./scripts/train.sh } }
    with: { run: [sh, inputs/script, "lr=\${params.learning_rate}"], outputs: { model: model } }`,
    `generate:
    uses: command
    inputs: { records: split.test, model: ${train}.model, script: { file: ./scripts/answer.mjs } }
    with: { run: [node, inputs/script], outputs: { responses: responses.json } }`,
    `${judge}:
    uses: judge
    inputs: { responses: generate.responses }
    ${mistake === 'misspelt key' ? 'wiht' : 'with'}: { judge: ${mistake === 'bad value' ? '[1]' : 'reference'} }`,
    `table:
    uses: command
    inputs: { scores: { each: ${judge}.summary } }
    with: { run: "cat inputs/scores/* | cksum > table", outputs: { table: table } }`,
  ];
  const ordered = reversed ? [...stages].reverse() : stages;
  const text = `schema: 1
name: spelling
params: { learning_rate: 0.001 }
stages:
${ordered.map((stage) => `  ${stage}`).join('\n')}
`;
  return airy ? text.replaceAll('\n  ', '\n\n    ').replaceAll('\n\n      ', '\n        ') : text;
}

/** A word that is not there yet. */
export function newWord(random: Random): string {
  return Array.from({ length: 3 + random.below(6) }, () => String.fromCharCode(97 + random.below(26))).join(
    '',
  );
}
