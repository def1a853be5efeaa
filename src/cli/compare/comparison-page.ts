import type { Comparison } from '../../comparison/comparison.ts';
import { htmlDocument } from '../../html/document.ts';
import { html, type Markup } from '../../html/html.ts';
import { comparisonCells } from './comparison-cells.ts';
import { intervalPlot } from './interval-plot.ts';

/** A comparison as one HTML document: the verdict, a picture of means and intervals, the table, what limits it. */
export function comparisonPage(comparison: Comparison): string {
  return htmlDocument('Which was better', [
    html`<section>
<h2>Verdict</h2>
${comparison.verdict.split('\n').map((sentence) => html`<p>${sentence}</p>`)}
</section>`,
    picture(comparison),
    tableSection(comparison),
    notes(comparison),
  ]);
}

function picture(comparison: Comparison): Markup | undefined {
  const plot = intervalPlot(comparison);
  return (
    plot &&
    html`<section>
<h2>${comparison.metric}</h2>
<figure class="wide">${plot}</figure>
<p><small>Points are means, lines their 95 % intervals. Overlapping lines say little: the same items were judged, so differences are surer than means.</small></p>
</section>`
  );
}

function tableSection(comparison: Comparison): Markup {
  const { header, rows } = comparisonCells(comparison);
  return html`<section>
<h2>All of them</h2>
<div class="wide"><table>
<thead><tr>${header.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    (row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
  )}</tbody>
</table></div>
</section>`;
}

function notes({ notes }: Comparison): Markup | undefined {
  if (notes.length === 0) return undefined;
  return html`<section>
<h2>What limits this</h2>
<ul>${notes.map((note) => html`<li>${note}</li>`)}</ul>
</section>`;
}
