import { afterAll, describe, expect, it } from 'vitest';
import { Project } from './rig.ts';

// Texts of models and data sets are quoted in errors, warnings and samples; a terminal must obey none of them.

const HOSTILE =
  '\u001b[2J\u001b]0;title\u0007\u001b]52;c;YQ==\u0007\u009b3m\u009d0;t\u009c\u202ekcab\u2066\u0000\r\b';
const NEVER_SHOWN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

const projects: Project[] = [];
afterAll(() => {
  for (const project of projects) project.remove();
});

const STYLE = '{ prompt: "{{ instruction }}", response: "{{ output }}", header: "" }';
const item = (text: string) => ({ instruction: text, input: text, output: text, model_response: text });
const response = item(HOSTILE);
const record = { id: 0, ...response, prompt: HOSTILE, response: HOSTILE };

/** What a stage reads, and what it does with that. */
const CASES: [of: string, stage: string, file: string][] = [
  ['no JSON at all', `report\n    inputs: { responses: { file: ./f }, scores: { file: ./f } }`, HOSTILE],
  [
    'JSON with a flaw',
    `report\n    inputs: { responses: { file: ./f }, scores: { file: ./f } }`,
    `[{"a": "x", ${HOSTILE}`,
  ],
  [
    'names of fields',
    `report\n    inputs: { responses: { file: ./f }, scores: { file: ./f } }`,
    JSON.stringify([{ ...response, score: HOSTILE, [HOSTILE]: 1 }]),
  ],
  [
    'a history',
    `report\n    inputs: { responses: { file: ./ok }, scores: { file: ./scores }, history: { file: ./f } }`,
    `step,${HOSTILE}\n1,${HOSTILE}\n`,
  ],
  ['data', `format\n    inputs: { data: { file: ./f } }\n    with: { prompt: ${STYLE} }`, `[${HOSTILE}]`],
  [
    'lines of data',
    `format\n    inputs: { data: { file: ./f } }\n    with: { prompt: ${STYLE} }`,
    `{"instruction":"a","output":"b"}\n${HOSTILE}\n`,
  ],
  [
    'records',
    `split\n    inputs: { records: { file: ./f } }\n    with: { train: 0.5, test: 0.5 }`,
    `${HOSTILE}\n`,
  ],
  [
    'records with odd fields',
    `duplicates\n    inputs: { records: { file: ./f } }`,
    `${JSON.stringify({ ...record, id: HOSTILE })}\n`,
  ],
  [
    'responses of a judge',
    `judge\n    inputs: { responses: { file: ./f } }\n    with: { judge: { kind: reference, label: t, metric: rouge_l } }`,
    `{${HOSTILE}`,
  ],
];

describe('texts of models and data sets', () => {
  it.each(CASES)('in an error about %s are shown as text', async (_, stage, file) => {
    const project = new Project({
      f: file,
      ok: JSON.stringify([response]),
      scores: JSON.stringify([{ index: 0, score: 1, reply: HOSTILE }]),
      'x.yaml': `schema: 1\nname: x\nstages:\n  s:\n    uses: ${stage}\n`,
    });
    projects.push(project);
    for (const environment of [{}, { GITHUB_ACTIONS: 'true' }]) {
      const { code, stdout, stderr } = await project.pipe(['run', 'x.yaml'], environment);
      expect([code, stdout + stderr]).toEqual([1, expect.not.stringMatching(NEVER_SHOWN)]);
      expect(stdout + stderr).not.toMatch(/\n\s+at \S+|internal error|fault in pipe/);
    }
  });
});
