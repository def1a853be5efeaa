import { htmlDocument } from '../../html/document.ts';
import { html, Markup } from '../../html/html.ts';
import { itemsSection } from './items-section.ts';
import { learningCurve } from './learning-curve.ts';
import { parametersSection } from './parameters-section.ts';
import type { ReportData } from './report-data.ts';
import { scoresSection } from './scores-section.ts';
import { trainingTable } from './training-table.ts';

/** The whole report as one HTML document that needs neither scripts nor network. */
export function reportPage(data: ReportData): string {
  return htmlDocument(data.title, [
    scoresSection(data),
    trainingSection(data),
    parametersSection(data.parameters),
    itemsSection(data.items),
  ]);
}

function trainingSection({ history, lossCurve }: ReportData): Markup | undefined {
  if (history === undefined && lossCurve === undefined) return undefined;
  return html`<section>
<h2>Training</h2>
${curve(history, lossCurve)}
${history && trainingTable(history)}
</section>`;
}

/** The picture that was given, as an image, where no script in it can run; else one drawn from the history. */
function curve(history: ReportData['history'], lossCurve: string | undefined): Markup | undefined {
  if (lossCurve !== undefined) {
    const data = Buffer.from(lossCurve).toString('base64');
    return html`<figure><img alt="Loss of training and validation by epoch" src="data:image/svg+xml;base64,${data}"></figure>`;
  }
  if (history === undefined || history.length === 0) return undefined;
  return html`<figure>${new Markup(learningCurve(history))}</figure>`;
}
