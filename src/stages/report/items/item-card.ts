import { html, type Markup } from '../../../html/html.ts';
import type { Answer, PageItem, ScorePart } from '../data/page-data.ts';
import { scoreClass } from '../scores/histogram.ts';
import { wordDifferences } from './word-differences.ts';

/** What a card shows, and where it is in the list that the reader sees. */
export interface CardOptions {
  readonly models: readonly string[];
  /** Places of the models that are shown; the others are compared with the first. */
  readonly shown: readonly number[];
  /** Place in the list, from 1, and its length; unset where the list is not one that a script draws. */
  readonly position?: { readonly place: number; readonly of: number };
}

/** One item: the question, the expected output, and the responses next to it with what differs in them marked. */
export function itemCard(item: PageItem, index: number, { models, shown, position }: CardOptions): Markup {
  const answers = shown.flatMap((place) => {
    const answer = item.answers[place];
    return answer ? [{ name: models.length === 1 ? 'Response' : headingOf(models[place]!), answer }] : [];
  });
  const reference = answers[0]?.answer.response;
  const place =
    position && html` tabindex="-1" aria-posinset="${position.place}" aria-setsize="${position.of}"`;
  return html`<article id="item-${index + 1}" aria-labelledby="title-${index + 1}"${place}>
<h3 id="title-${index + 1}"><a href="#item-${index + 1}" tabindex="-1"><span class="hidden">Item </span>${index + 1}</a></h3>
<p class="text instruction">${item.instruction}</p>
${item.input === '' ? undefined : html`<p class="text input">${item.input}</p>`}
<div class="columns">
${column('Expected', undefined, paragraph(item.output))}
${answers.map(({ name, answer }, at) => column(name, answer, responseOf(answer, at === 0 ? undefined : reference)))}
</div>
</article>
`;
}

function column(name: string, answer: Answer | undefined, content: Markup | undefined): Markup {
  return html`<div><h4>${name}</h4>${answer && scoreOf(answer)}${content}${answer && verdictOf(answer)}</div>`;
}

function responseOf({ response }: Answer, reference: string | undefined): Markup | undefined {
  if (response === undefined) return undefined;
  return reference === undefined ? paragraph(response) : markedParagraph(response, reference);
}

function paragraph(text: string): Markup {
  return text === '' ? html`<p class="empty">(empty)</p>` : html`<p class="text">${text}</p>`;
}

function markedParagraph(text: string, reference: string): Markup {
  if (text === '') return paragraph(text);
  const pieces = wordDifferences(text, reference);
  return html`<p class="text">${pieces.map(({ text, same }) => (same ? text : html`<mark>${text}</mark>`))}</p>`;
}

function scoreOf({ score, reason }: Answer): Markup {
  if (score === null)
    return html`<p class="unscored">No score${reason === undefined ? undefined : `: ${reason}`}.</p>`;
  return html`<p class="score"><strong>${points(score)}</strong> <span class="bar"><span class="${scoreClass(score)}" style="width:${score.toFixed(2)}%"></span></span></p>`;
}

/** At most one decimal: 85, 66.7. */
function points(score: number): string {
  return String(Number(score.toFixed(1)));
}

/** The judge's words: the reply that was read, and its opinion. */
function verdictOf({ score, reply, rationale, parts }: Answer): Markup | undefined {
  if (reply === undefined && rationale === undefined && parts === undefined) return undefined;
  const replied =
    reply === undefined
      ? undefined
      : html`<h5>Reply from which the score was read</h5><p class="text">${reply}</p>`;
  const opinion =
    rationale === undefined
      ? undefined
      : html`<h5>Opinion, asked for in a separate question: it did not decide the score</h5><p class="text">${rationale}</p>`;
  return html`<details${score === null ? html` open` : undefined}><summary>What the judge said</summary>${parts && partsTable(parts)}${replied}${opinion}</details>`;
}

/** What a score is the mean of. */
function partsTable(parts: readonly ScorePart[]): Markup {
  return html`<table class="parts"><caption>The score is the mean of</caption><tbody>
${parts.map(
  ({ name, score, reason, reply }) =>
    html`<tr><th scope="row">${name}</th><td>${score === null ? '–' : points(score)}</td><td class="text">${reason ?? reply}</td></tr>
`,
)}</tbody></table>`;
}

/** The name of a model as a heading. */
export function headingOf(name: string): string {
  // The label of a variant, such as `lr=0.1,epochs=2`, is no word, and can be broken into lines at its commas.
  return name.includes('=') ? name.replaceAll(',', ', ') : `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}
