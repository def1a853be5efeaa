import type { Comparison } from '../../../comparison/comparison.ts';
import { html, type Markup } from '../../../html/html.ts';
import { pValueText } from '../../../statistics/difference/verdict.ts';
import type { JudgeIdentity, ScoreStatistics } from '../../../text/scores.ts';
import type { ReportData, ReportModel } from '../data/report-data.ts';
import { headingOf } from '../items/item-card.ts';
import { histogram, scoreClass } from './histogram.ts';
import { questionOf } from './question.ts';
import { trustTables } from './trust-tables.ts';

/** Of more models the table of variants says enough: the best have a picture. */
const SHOWN = 3;

/** Who judged, and the mean of each model with its distribution. */
export function scoresSection(data: ReportData, comparison: Comparison | undefined): Markup {
  const { models } = data;
  const names = comparison?.rows.map(({ name }) => name) ?? [];
  const best = models.toSorted((a, b) => names.indexOf(a.name) - names.indexOf(b.name)).slice(0, SHOWN);
  const isPair = models.length === 2 && models[1]!.isBaseline;
  const shown = isPair ? models : best;
  const [first, second] = models;
  return html`<section>
<h2>Scores</h2>
${judges(models).map((judge) => html`<p class="judge">${judgeLine(judge)}</p>`)}${data.judge && questionOf(data.judge)}
<div class="figures">
${shown.map((model) => figure(titleOf(model, models.length), model.statistics, scoresOf(data, model)))}
${isPair ? difference(first!, second!, comparison) : undefined}
</div>
${trustTables(shown)}
${notes(models.length - shown.length, comparison)}
</section>`;
}

/** What limits the comparison, and where the other models are. */
function notes(others: number, comparison: Comparison | undefined): Markup | undefined {
  const all = comparison?.notes ?? [];
  const more =
    others > 0
      ? html`<p><small>The best ${SHOWN} of them; the table of variants has all.</small></p>`
      : undefined;
  if (all.length === 0) return more;
  return html`${more}
<details><summary>What limits the comparison</summary><ul>${all.map((note) => html`<li>${note}</li>`)}</ul></details>`;
}

/** Each judge once; an unknown one where no summary says who it was. */
function judges(models: readonly ReportModel[]): (JudgeIdentity | undefined)[] {
  const known = models.flatMap(({ summary, isBaseline }) => (summary && !isBaseline ? [summary.judge] : []));
  const distinct = new Map(known.map((judge) => [JSON.stringify(judge), judge]));
  return distinct.size === 0 ? [undefined] : [...distinct.values()];
}

function judgeLine(judge: JudgeIdentity | undefined): Markup {
  if (judge === undefined) return html`Who judged is not stated.`;
  const what = judge.model ?? judge.metric;
  const kind = judge.language_model
    ? 'A language model scored each response.'
    : 'No language model was asked: these scores measure likeness to the expected output.';
  return html`<strong>${judge.label}</strong>${what === undefined ? undefined : html` <code>${what}</code>`}. ${kind}`;
}

function titleOf({ name }: ReportModel, models: number): string {
  return models === 1 ? 'Mean score' : headingOf(name);
}

function scoresOf({ models, items }: ReportData, model: ReportModel): number[] {
  const place = models.indexOf(model);
  return items.flatMap(({ answers }) => answers[place]?.score ?? []);
}

function figure(
  name: string,
  { items, scored, unscored, mean, standard_deviation, interval_95 }: ScoreStatistics,
  scores: readonly number[],
): Markup {
  return html`<div class="figure">
<div class="name">${name}</div>
<div class="value">${mean === null ? '–' : mean.toFixed(2)}<small> of 100</small></div>
<div class="bar"><span class="${scoreClass(mean ?? 0)}" style="width:${(mean ?? 0).toFixed(2)}%"></span></div>
<dl>
<dt>95 % interval</dt><dd>${interval_95 === null ? '–' : interval_95.map((end) => end.toFixed(2)).join(' to ')}</dd>
<dt>Standard deviation</dt><dd>${standard_deviation === null ? '–' : standard_deviation.toFixed(2)}</dd>
<dt>Items</dt><dd>${items}, ${scored} scored${unscored > 0 ? `, ${unscored} without a score` : ''}</dd>
</dl>
${scores.length > 0 ? histogram(scores) : undefined}
</div>`;
}

function difference(
  after: ReportModel,
  before: ReportModel,
  comparison: Comparison | undefined,
): Markup | undefined {
  if (before.statistics.mean === null || after.statistics.mean === null) return undefined;
  const pair = comparison?.rows.find(({ name }) => name === after.name)?.difference;
  const change = pair?.difference ?? after.statistics.mean - before.statistics.mean;
  return html`<div class="figure">
<div class="name">Difference</div>
<div class="value">${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(2)}</div>
<p>points from before to after training, on the same items</p>
${pair && pairList(pair)}
</div>`;
}

function pairList({
  interval,
  p,
  greater,
  equal,
  smaller,
}: NonNullable<Comparison['rows'][number]['difference']>): Markup {
  return html`<dl>
<dt>95 % interval</dt><dd>${interval === null ? '–' : interval.map((end) => end.toFixed(2)).join(' to ')}</dd>
<dt>p</dt><dd>${p === null ? '–' : pValueText(p)}</dd>
<dt>Items</dt><dd>${greater} better, ${equal} equal, ${smaller} worse</dd>
</dl>`;
}
