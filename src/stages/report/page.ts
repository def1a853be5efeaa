import { html, Markup } from './html.ts';
import { itemsSection } from './items-section.ts';
import { learningCurve } from './learning-curve.ts';
import { parametersSection } from './parameters-section.ts';
import type { ReportData } from './report-data.ts';
import { scoresSection } from './scores-section.ts';
import { STYLE } from './style.ts';
import { trainingTable } from './training-table.ts';

/** Nothing may be loaded or run, whatever a model wrote; pictures and styles are in the page itself. */
const CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** The whole report as one HTML document that needs neither scripts nor network. */
export function reportPage(data: ReportData): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${data.title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${data.title}</h1>
</header>
<main>
${scoresSection(data)}
${trainingSection(data)}
${parametersSection(data.parameters)}
${itemsSection(data.items)}
</main>
</body>
</html>
`;
  return page.html;
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
