import type { Comparison, Row } from '../../../comparison/comparison.ts';
import { html, type Markup } from '../../../html/html.ts';
import { pValueText } from '../../../statistics/difference/verdict.ts';
import { parallelPlot, parameterText } from './parallel-plot.ts';

/** The variants of a sweep, the best first: their parameters, scores and losses, as table and as picture. */
export function sweepSection(comparison: Comparison | undefined): Markup | undefined {
  if (comparison === undefined) return undefined;
  const { parameters, rows } = comparison;
  // Of the model and the one before training the scores say all.
  if (parameters.length === 0 && rows.length === 2) return undefined;
  const hasLoss = rows.some(({ values }) => values['train.validation_loss'] !== undefined);
  const other = rows.find(({ difference }) => difference !== undefined)?.difference?.to;
  return html`<section>
<h2>Variants</h2>
${parallelPlot(comparison)}
<div class="wide" tabindex="0" role="region" aria-label="Variants"><table class="sweep">
<thead><tr>${parameters.length === 0 ? html`<th scope="col">Variant</th>` : parameters.map((name) => html`<th scope="col">${name}</th>`)}<th scope="col">Mean score (95 %)</th>${other === undefined ? undefined : html`<th scope="col">Difference to the ${rows[0]!.name === other ? 'best' : other}</th><th scope="col">p</th>`}${hasLoss ? html`<th scope="col">Validation loss</th>` : undefined}</tr></thead>
<tbody>
${rows.map((row, index) => tableRow(row, index, parameters, { other: other !== undefined, hasLoss }))}</tbody>
</table></div>
<p><small>“Best” stands only where each difference is shown. p values are corrected for the number of comparisons.</small></p>
</section>`;
}

function tableRow(
  { name, parameters: own, values, difference, best }: Row,
  index: number,
  parameters: readonly string[],
  has: { readonly other: boolean; readonly hasLoss: boolean },
): Markup {
  const score = values['judge.score'];
  const loss = values['train.validation_loss']?.value ?? null;
  const cells =
    parameters.length === 0 || Object.keys(own).length === 0
      ? html`<th scope="row"${parameters.length > 1 ? html` colspan="${parameters.length}"` : undefined}>${name}</th>`
      : html`${parameters.map((key, at) => {
          const value = own[key];
          const text = value === undefined ? '' : parameterText(value);
          return at === 0 ? html`<th scope="row">${text}</th>` : html`<td>${text}</td>`;
        })}`;
  return html`<tr data-line="${index}">${cells}<td>${valueText(score?.value ?? null, score?.interval)}${best ? html` <strong>best</strong>` : undefined}</td>${
    has.other
      ? html`<td>${valueText(difference?.difference ?? null, difference?.interval)}</td><td>${difference?.p == null ? '–' : pValueText(difference.p)}</td>`
      : undefined
  }${has.hasLoss ? html`<td>${loss === null ? '–' : loss.toPrecision(3)}</td>` : undefined}</tr>
`;
}

function valueText(value: number | null, interval: readonly number[] | null | undefined): string {
  if (value === null) return '–';
  return interval
    ? `${value.toFixed(1)} (${interval.map((end) => end.toFixed(1)).join(' to ')})`
    : value.toFixed(1);
}
