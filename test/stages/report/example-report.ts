import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { report } from '../../../src/stages/report/report.ts';
import type { Response } from '../../../src/text/responses.ts';
import type { Judgement } from '../../../src/text/scores.ts';
import { formatHistory } from '../../../src/training/state/history.ts';
import { freshDirectory, runStage } from '../run-stage.ts';

export interface Example {
  readonly items: number;
  /** Labels of the variants of a sweep; one model and the one before training without them. */
  readonly variants?: readonly string[];
  /** Text that stands in every field that a person or a model writes. */
  readonly text?: string;
}

/** Writes the page of an invented experiment and gives its path; the same experiment gives the same page. */
export async function exampleReport({ items, variants, text = '' }: Example): Promise<string> {
  const directory = freshDirectory();
  const write = (name: string, content: unknown) => {
    const path = join(directory, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };
  const answers = (name: string, skill: number) => ({
    responses: write(`responses-${name}`, responses(items, skill, text)),
    scores: write(`scores-${name}`, judgements(items, skill, text)),
    history: write(`history-${name}`, formatHistory(history(skill))),
  });
  const counts = { items, scored: items, unscored: 0 };
  const statistics = { ...counts, mean: 50, standard_deviation: 1, interval_95: [49, 51] };
  const summary = write('summary', {
    judge: {
      kind: 'ollama',
      label: `Llama 3 8B through Ollama${text}`,
      language_model: true,
      model: 'llama3',
    },
    ...statistics,
    criteria: [{ name: `accuracy${text}`, ...statistics }],
    judges: ['Llama', 'Phi'].map((label) => ({
      judge: { label: `${label}${text}`, language_model: true },
      ...statistics,
    })),
    agreement: {
      ...{ items, pearson: 0.8, spearman: 0.7, kendall: 0.6 },
      ...{ alpha_interval: 0.65, alpha_ordinal: 0.6, exact: 0.25 },
    },
    length_bias: { correlation: 0.31, interval_95: [0.12, 0.48] },
  });
  const parameters = { learning_rate: 5e-5, epochs: 2, note: `a setting${text}` };
  const settings = { title: `An experiment${text}`, parameters };
  const made = variants?.map((label, place) => ({ label, ...answers(String(place), 3 + place) }));
  const collected = (name: 'responses' | 'scores' | 'history') =>
    Object.fromEntries(made!.map((one) => [one.label, one[name]]));
  const before = answers('before', 0);
  const after = answers('after', 4);
  const run = await runStage(report, {
    with: settings,
    inputs: made
      ? { summary }
      : { ...after, summary, baseline_responses: before.responses, baseline_scores: before.scores },
    ...(made && {
      collections: {
        responses: collected('responses'),
        scores: collected('scores'),
        history: collected('history'),
      },
    }),
  });
  return run.outputs.report!;
}

/** The page's text. */
export async function exampleHtml(example: Example): Promise<string> {
  return readFileSync(await exampleReport(example), 'utf8');
}

const WORDS = 'the model answers a question about words and numbers it has not seen before today'.split(' ');

/** A sentence that depends on nothing but the number. */
function sentence(number: number, length: number): string {
  return Array.from({ length }, (_, at) => WORDS[(number * 7 + at * (1 + (number % 5))) % WORDS.length]).join(
    ' ',
  );
}

function responses(items: number, skill: number, text: string): Response[] {
  return Array.from({ length: items }, (_, index) => ({
    instruction: `Question ${index + 1}: ${sentence(index, 12)}?${text}`,
    input: index % 3 === 0 ? `${sentence(index + 1, 6)}${text}` : '',
    output: `${sentence(index, 30)}.${text}`,
    model_response: `${sentence(index, 20)} ${sentence(index + skill, 10 + (index % 40))}.${text}`,
  }));
}

function judgements(items: number, skill: number, text: string): Judgement[] {
  return Array.from({ length: items }, (_, index) => {
    if (index % 37 === 5)
      return { index, score: null, reason: 'the reply holds no number', reply: `Fine!${text}` };
    const score = Math.min(100, Math.max(0, ((index * 37) % 70) + skill * 8 - (index % 7)));
    return {
      index,
      score,
      reply: `${score}${text}`,
      judges: ['Llama', 'Phi'].map((judge) => ({
        judge: `${judge}${text}`,
        score,
        reply: `${score}${text}`,
      })),
      rationale: `It is nearly right: ${sentence(index, 25)}.${text}`,
    };
  });
}

function history(skill: number) {
  return Array.from({ length: 41 }, (_, at) => {
    const loss = at === 0 ? 9.8 : 0.5 + 2 / (1 + at * (0.3 + skill / 20)) + ((at * 13) % 5) / 100;
    return {
      updates: at * 25,
      epoch: at / 20,
      tokensSeen: at * 25 * 512,
      trainLoss: loss,
      validationLoss: loss + 0.1 + (at / 400) * skill,
      learningRate: at === 0 ? null : 5e-5,
      gradNorm: at === 0 ? null : 1.5,
    };
  });
}
