import { html, type Markup } from '../../../html/html.ts';
import type { CurveData } from '../data/page-data.ts';
import type { ReportData, ReportHistory } from '../data/report-data.ts';
import { headingOf } from '../items/item-card.ts';
import type { ChartView } from './chart-scale.ts';
import { clippedNote, colourOf, curveChart } from './curve-chart.ts';
import { trainingTable } from './training-table.ts';

/** Learning curves of all trainings with their last losses; each evaluation, if there is one training. */
export function trainingSection({ histories, lossCurve }: ReportData): Markup | undefined {
  const curves = curvesOf(histories);
  if (curves.length === 0) return lossCurve === undefined ? undefined : section(picture(lossCurve));
  const view = firstView(curves);
  const note = clippedNote(curves, view);
  const [only] = histories.length === 1 ? histories : [];
  return section(html`<div class="curves">
<figure id="curves">${curveChart(curves, view)}
<figcaption>${note}</figcaption></figure>
${legend(curves)}
</div>
${only && trainingTable(only.evaluations)}`);
}

/** Of one training both losses; of several the one by which they are compared. */
function firstView(curves: readonly CurveData[]): ChartView {
  return { along: 'epoch', losses: curves.length === 1 ? ['train', 'validation'] : ['validation'] };
}

/** The histories as the page's script gets them; a training without evaluations has no curve. */
export function curvesOf(histories: readonly ReportHistory[]): CurveData[] {
  return histories
    .filter(({ evaluations }) => evaluations.length > 0)
    .map(({ name, evaluations }) => ({
      name,
      points: evaluations.map(({ updates, epoch, tokensSeen, trainLoss, validationLoss, kept }) => ({
        step: updates,
        epoch,
        tokens: tokensSeen,
        train: trainLoss,
        validation: validationLoss,
        ...(kept && { kept }),
      })),
    }));
}

function section(content: Markup): Markup {
  return html`<section>
<h2>Training</h2>
${content}
</section>`;
}

/** As an image, where no script in it can run. */
function picture(svg: string): Markup {
  const data = Buffer.from(svg).toString('base64');
  return html`<figure><img alt="Loss of training and validation by epoch" src="data:image/svg+xml;base64,${data}"></figure>`;
}

/** The losses of each curve next to its colour and number. */
function legend(curves: readonly CurveData[]): Markup {
  return html`<div class="wide legend" tabindex="0" role="region" aria-label="Losses of the curves"><table>
<thead><tr><th scope="col">Curve</th><th scope="col">Last loss</th><th scope="col">Lowest</th></tr></thead>
<tbody>
${curves.length === 1 ? ['validation' as const, 'train' as const].map((loss) => legendRow(curves[0]!, loss, 0, 1, loss)) : curves.map((curve, index) => legendRow(curve, 'validation', index, curves.length, `${index + 1}. ${headingOf(curve.name)}`))}</tbody>
</table></div>`;
}

function legendRow(
  { points }: CurveData,
  loss: 'train' | 'validation',
  index: number,
  count: number,
  name: string,
): Markup {
  const losses = points.map((point) => point[loss]);
  return html`<tr data-curve="${index}"><th scope="row"><span class="swatch ${loss}" style="--colour:${colourOf(index, count, loss)}"></span>${name}</th><td>${losses.at(-1)!.toPrecision(3)}</td><td>${Math.min(...losses).toPrecision(3)}</td></tr>
`;
}
