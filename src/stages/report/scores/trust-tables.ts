import { html, type Markup } from '../../../html/html.ts';
import { pValueText } from '../../../statistics/difference/verdict.ts';
import type { JudgeSummary, ScoreStatistics, ScoreSummary } from '../../../text/scores.ts';
import type { ReportModel } from '../data/report-data.ts';
import { headingOf } from '../items/item-card.ts';

/** One measure of a judgement; undefined where the summary has none. */
type Measure = (summary: ScoreSummary) => string | undefined;
type Row = readonly [name: string, measure: Measure];

/**
 * What the mean scores of some models are made of (criteria, judges of a jury), and what shows how far their judge can be
 * trusted. Nothing where no summary says any of it.
 */
export function trustTables(models: readonly ReportModel[]): Markup | undefined {
  const judged = models.flatMap(({ name, summary }) => (summary ? [{ name, summary }] : []));
  const tables = [
    table('What the mean is made of', partRows(judged.map(({ summary }) => summary)), judged),
    table('How far the judge can be trusted', TRUST, judged),
  ].filter((one) => one !== undefined);
  return tables.length === 0 ? undefined : html`${tables}`;
}

function table(
  caption: string,
  rows: readonly Row[],
  judged: readonly { name: string; summary: ScoreSummary }[],
): Markup | undefined {
  const lines = rows
    .map(([name, measure]) => ({ name, texts: judged.map(({ summary }) => measure(summary)) }))
    .filter(({ texts }) => texts.some((text) => text !== undefined));
  if (lines.length === 0) return undefined;
  const heads =
    judged.length > 1 &&
    html`<thead><tr><td></td>${judged.map(({ name }) => html`<th scope="col">${headingOf(name)}</th>`)}</tr></thead>`;
  return html`<div class="wide" tabindex="0" role="region" aria-label="${caption}"><table class="settings trust"><caption>${caption}</caption>${heads || undefined}<tbody>
${lines.map(
  ({ name, texts }) =>
    html`<tr><th scope="row">${name}</th>${texts.map((text) => html`<td>${text ?? '–'}</td>`)}</tr>
`,
)}</tbody></table></div>`;
}

/** A row for each judge of a jury and for each criterion, in the order of the first summary that has it. */
function partRows(summaries: readonly ScoreSummary[]): Row[] {
  const names = (of: (summary: ScoreSummary) => readonly string[]) => [...new Set(summaries.flatMap(of))];
  const judges = names(({ judges = [] }) => judges.map(({ judge }) => judge.label));
  const criteria = names((summary) => namedCriteria(summary).map(([name]) => name));
  return [
    ...judges.map(
      (label): Row => [
        label,
        ({ judges = [] }) => meanText(judges.find(({ judge }) => judge.label === label)),
      ],
    ),
    ...criteria.map(
      (name): Row => [name, (summary) => meanText(namedCriteria(summary).find(([one]) => one === name)?.[1])],
    ),
  ];
}

/** The criteria of a judge, and those of each judge of a jury, with whose they are. */
function namedCriteria({ criteria = [], judges = [] }: ScoreSummary): [string, ScoreStatistics][] {
  return [
    ...criteria.map((one): [string, ScoreStatistics] => [one.name, one]),
    ...judges.flatMap(({ judge, criteria = [] }) =>
      criteria.map((one): [string, ScoreStatistics] => [`${judge.label}, ${one.name}`, one]),
    ),
  ];
}

function meanText(statistics: ScoreStatistics | undefined): string | undefined {
  if (statistics === undefined) return undefined;
  const { mean, interval_95, items, scored } = statistics;
  const rest = scored < items ? `, ${scored} of ${items} scored` : '';
  return mean === null ? `no score${rest}` : `${withInterval(mean, interval_95, 1)}${rest}`;
}

const TRUST: readonly Row[] = [
  [
    'Agreement of the judges: Krippendorff’s alpha (1 full, 0 chance)',
    ({ agreement }) => number(agreement?.alpha_interval),
  ],
  ['Agreement of the judges: rank correlation', ({ agreement }) => number(agreement?.spearman)],
  ['Agreement of the judges: equal scores', ({ agreement }) => share(agreement?.exact)],
  [
    'Won, tied, lost against the other responses',
    ({ pairwise }) => pairwise && `${pairwise.won}, ${pairwise.tied}, ${pairwise.lost}`,
  ],
  [
    'Share of items whose winner hangs on the order',
    ({ pairwise }) => measured(pairwise?.order_bias, pairwise?.order_bias_interval_95, 2),
  ],
  [
    'Length bias: correlation of scores with lengths',
    ({ length_bias }) => measured(length_bias?.correlation, length_bias?.interval_95, 2),
  ],
  ['Spread of repeated scores of one response, in points', ({ repeat_spread }) => number(repeat_spread)],
  ['Items with a label of people', ({ labelled }) => (labelled === undefined ? undefined : String(labelled))],
  [
    'Mean that people would give (prediction-powered)',
    ({ corrected }) => measured(corrected?.mean, corrected?.interval_95, 1),
  ],
  ['Points that the judge gives too much', ({ calibration }) => calibration && biasText(calibration)],
  ['Mean distance from people, in points', ({ calibration }) => number(calibration?.distance)],
];

function biasText({ bias, interval_95, p }: NonNullable<JudgeSummary['calibration']>): string {
  return `${withInterval(bias, interval_95, 1)}, p ${p < 0.001 ? '' : '= '}${pValueText(p)}`;
}

function measured(
  value: number | null | undefined,
  interval: readonly [number, number] | null | undefined,
  digits: number,
): string | undefined {
  return value === undefined || value === null ? undefined : withInterval(value, interval ?? null, digits);
}

function withInterval(value: number, interval: readonly [number, number] | null, digits: number): string {
  const range = interval === null ? '' : ` (95 % ${interval.map((end) => end.toFixed(digits)).join(' to ')})`;
  return `${value.toFixed(digits)}${range}`;
}

function number(value: number | null | undefined): string | undefined {
  return value === undefined || value === null ? undefined : value.toFixed(2);
}

function share(value: number | null | undefined): string | undefined {
  return value === undefined || value === null ? undefined : `${(100 * value).toFixed(0)} %`;
}
