import { Type } from 'typebox';
import type { Json } from '../../contract/json.ts';
import { defineStage, type InputDeclaration } from '../../contract/stage-type.ts';
import { judgeSettings } from '../judge/settings.ts';

const settings = Type.Object(
  {
    title: Type.String({ affects: 'result', default: 'Report', description: 'Heading of the page.' }),
    parameters: Type.Unknown({
      affects: 'result',
      default: {},
      description: 'What the page shows as settings, such as "${params}".',
    }),
    judge: Type.Optional({
      ...judgeSettings.properties.judge,
      description:
        'Who judged, as the judge stage says it: a name under configs/judges, or the judge itself. The page then shows what a language model was asked.',
    }),
  },
  { additionalProperties: false },
);

const optional = (description: string, more: Partial<InputDeclaration> = {}): InputDeclaration => ({
  artifact: 'file',
  description,
  optional: true,
  ...more,
});

export const report = defineStage({
  uses: 'report',
  version: 3,
  summary: 'Writes one self-contained HTML page about an experiment.',
  example: `
report:
  uses: report
  inputs:
    responses: generate.responses
    scores: judge.scores
    summary: judge.summary
    history: train.history
`,
  settings,
  inputs: {
    responses: { artifact: 'file', description: 'Responses of the model, JSON.', collects: true },
    scores: { artifact: 'file', description: 'Scores of the responses, JSON.', collects: true },
    summary: optional('Summary of the scores, JSON; says who judged.', { collects: true }),
    history: optional('Losses during training, CSV.', { collects: true }),
    loss_curve: optional('Picture of the losses, SVG; shown if there is no history.'),
    baseline_scores: optional('Scores of the untrained model on the same items, JSON.'),
    baseline_summary: optional('Summary of those scores, where they themselves are not given, JSON.'),
    baseline_responses: optional('Responses of the untrained model to the same items, JSON.'),
  },
  outputs: () => ({ report: { artifact: 'file', path: 'report.html', description: 'The page, HTML.' } }),
  async run({ settings, inputs, collections, outputs, warnOfResult }) {
    const { writeFile } = await import('node:fs/promises');
    const { readReportData } = await import('./data/read-report-data.ts');
    const { reportPage } = await import('./page.ts');
    const given = { inputs, collections };
    const data = await readReportData(settings.title, settings.parameters as Json, given);
    const { judge } = settings;
    const other = judge && data.models.find(({ summary }) => summary && summary.judge.label !== judge.label);
    if (other?.summary) {
      warnOfResult(
        `the setting \`judge\` is ${judge!.label}, but ${other.summary.judge.label} judged: what was asked is not shown`,
        'Name the same judge in both stages, for example by a parameter.',
      );
    }
    await writeFile(outputs.report!, reportPage({ ...data, ...(judge && !other && { judge }) }));
  },
});
