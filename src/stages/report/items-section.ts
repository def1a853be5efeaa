import { html, type Markup } from '../../html/html.ts';
import type { Judgement } from '../../text/scores.ts';
import type { ReportItem } from './report-data.ts';

/** Every response next to the expected one, with its score and, where they are given, what came before training. */
export function itemsSection(items: readonly ReportItem[]): Markup {
  return html`<section>
<h2>Responses</h2>
${items.map(itemCard)}
</section>`;
}

function itemCard({ response, judged, baselineResponse, baselineJudged }: ReportItem, index: number): Markup {
  return html`<article id="item-${index}">
<div class="head"><h3><a href="#item-${index}">${index + 1}</a></h3>${scoreOf(judged, baselineJudged)}</div>
<p class="text instruction">${response.instruction}</p>
${response.input === '' ? undefined : html`<p class="text input">${response.input}</p>`}
<div class="columns">
${column('Expected', response.output)}
${column('Response', response.model_response)}
${baselineResponse && column('Before training', baselineResponse.model_response)}
</div>
${verdict(judged)}
</article>
`;
}

function column(name: string, text: string): Markup {
  const content = text === '' ? html`<p class="empty">(empty)</p>` : html`<p class="text">${text}</p>`;
  return html`<div><h4>${name}</h4>${content}</div>`;
}

function scoreOf({ score }: Judgement, baseline: Judgement | undefined): Markup {
  const before =
    baseline === undefined ? undefined : html` <small>before training ${points(baseline.score)}</small>`;
  const value = score === null ? html`<strong>no score</strong>` : html`<strong>${points(score)}</strong>`;
  return html`<div class="score">${value}${before}<div class="bar"><span style="width:${(score ?? 0).toFixed(2)}%"></span></div></div>`;
}

/** At most one decimal: 85, 66.7. */
function points(score: number | null): string {
  return score === null ? 'no score' : String(Number(score.toFixed(1)));
}

/** The judge's words: its rationale, and its reply where that gave no score. */
function verdict({ score, reason, reply, rationale }: Judgement): Markup {
  const unread = html`<p>No score: ${reason}.</p><p class="text">${reply}</p>`;
  return html`${score === null ? unread : undefined}
${rationale === undefined ? undefined : html`<details><summary>The judge's verdict in its own words</summary><p class="text">${rationale}</p></details>`}`;
}
