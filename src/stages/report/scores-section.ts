import { html, type Markup } from '../../html/html.ts';
import type { JudgeIdentity, ScoreStatistics } from '../../text/scores.ts';
import type { ReportData } from './report-data.ts';

/** Mean scores with counts and intervals, after and before training, and who judged. */
export function scoresSection({ statistics, baseline, judge }: ReportData): Markup {
  return html`<section>
<h2>Scores</h2>
<p class="judge">${judgeLine(judge)}</p>
<div class="figures">
${baseline && figure('Before training', baseline)}
${figure(baseline === undefined ? 'Mean score' : 'After training', statistics)}
${baseline && difference(baseline, statistics)}
</div>
</section>`;
}

function judgeLine(judge: JudgeIdentity | undefined): Markup {
  if (judge === undefined) return html`Who judged is not stated.`;
  const what = judge.model ?? judge.metric;
  const kind = judge.language_model
    ? 'A language model scored each response.'
    : 'No language model was asked: these scores measure likeness to the expected output.';
  return html`<strong>${judge.label}</strong>${what === undefined ? undefined : html` <code>${what}</code>`}. ${kind}`;
}

function figure(
  name: string,
  { items, scored, unscored, mean, standard_deviation, interval_95 }: ScoreStatistics,
): Markup {
  return html`<div class="figure">
<div class="name">${name}</div>
<div class="value">${mean === null ? '–' : mean.toFixed(2)}<small> of 100</small></div>
<div class="bar"><span style="width:${(mean ?? 0).toFixed(2)}%"></span></div>
<dl>
<dt>95 % interval</dt><dd>${interval_95 === null ? '–' : interval_95.map((end) => end.toFixed(2)).join(' to ')}</dd>
<dt>Standard deviation</dt><dd>${standard_deviation === null ? '–' : standard_deviation.toFixed(2)}</dd>
<dt>Items</dt><dd>${items}, ${scored} scored${unscored > 0 ? `, ${unscored} without a score` : ''}</dd>
</dl>
</div>`;
}

function difference(before: ScoreStatistics, after: ScoreStatistics): Markup | undefined {
  if (before.mean === null || after.mean === null) return undefined;
  const change = after.mean - before.mean;
  return html`<div class="figure">
<div class="name">Difference</div>
<div class="value">${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(2)}</div>
<p>points from before to after training, on the same items</p>
</div>`;
}
