import type { Comparison } from '../../../comparison/comparison.ts';
import { html, type Markup } from '../../../html/html.ts';
import type { PageItem } from '../data/page-data.ts';
import type { ReportData, ReportItem, ReportModel } from '../data/report-data.ts';
import { headingOf, itemCard } from './item-card.ts';

/** Without its script the page shows so many items. */
const STATIC_ITEMS = 100;

/** So many responses have room beside each other. */
const BESIDE = 3;

/** The items: the first hundred for readers without scripts, and the controls of the list that the script makes of all. */
export function itemsSection({ items, models }: ReportData, comparison: Comparison | undefined): Markup {
  const { order, shown } = orderOf(models, comparison);
  const options = { models: models.map(({ name }) => name), shown };
  const answered = models.flatMap(({ name }, place) =>
    items.some(({ answers }) => answers[place]?.response !== undefined) ? [{ name, place }] : [],
  );
  const more = items.length - STATIC_ITEMS;
  return html`<section>
<h2>Items</h2>
<form id="controls" class="controls" role="search" aria-label="Items" hidden>
<label>Search <input id="search" type="search" autocomplete="off" placeholder="any text"></label>
<label>Order <select id="order"><option value="data">as in the data</option><option value="worst">worst first</option><option value="best">best first</option>${answered.length > 1 ? html`<option value="apart">scores furthest apart first</option>` : undefined}<option value="long">longest response first</option><option value="short">shortest response first</option></select></label>
<label>Scores from <input id="from" type="number" min="0" max="100" step="any" value="0"></label>
<label>to <input id="to" type="number" min="0" max="100" step="any" value="100"></label>
<label>Items <select id="which"><option value="all">with and without a score</option><option value="scored">with a score</option><option value="unscored">without a score</option></select></label>
${answered.length > 1 ? modelsField(answered, shown) : undefined}
<label class="keys"><input id="keys" type="checkbox" checked> Keys: <kbd>j</kbd> next, <kbd>k</kbd> previous, <kbd>/</kbd> search</label>
</form>
<p id="count" role="status">${more > 0 ? `The first ${STATIC_ITEMS} of ${items.length} items; with scripts allowed the page shows all of them.` : undefined}</p>
<div id="items" data-order="${order.join(',')}">
${items.slice(0, STATIC_ITEMS).map((item, index) => itemCard(pageItem(item), index, options))}</div>
</section>`;
}

/** Places of the models, the best first, and of those that stand beside each other at first. */
function orderOf(models: readonly ReportModel[], comparison: Comparison | undefined) {
  const places = new Map(models.map(({ name }, place) => [name, place]));
  const order = comparison?.rows.map(({ name }) => places.get(name)!) ?? [...models.keys()];
  const baseline = order.filter((place) => models[place]!.isBaseline);
  const others = order.filter((place) => !models[place]!.isBaseline);
  return {
    // What was before comes last, also where training made it worse.
    order: [...others, ...baseline],
    shown: [...others.slice(0, BESIDE - baseline.length), ...baseline],
  };
}

/** An item as the page's script gets it; samples of a question are told apart by their numbers, from 1. */
export function pageItem({ instruction, input, output, sample, answers }: ReportItem): PageItem {
  return {
    instruction: sample === undefined ? instruction : `${instruction} [sample ${sample + 1}]`,
    input,
    output,
    answers: answers.map((answer) => answer ?? null),
  };
}

function modelsField(models: readonly { name: string; place: number }[], shown: readonly number[]): Markup {
  return html`<details class="models"><summary>Responses beside each other</summary><fieldset id="models"><legend>The first that is chosen decides order and scores; what the others have in other words is marked</legend>
${models.map(
  ({
    name,
    place,
  }) => html`<label><input type="checkbox" value="${place}"${shown.includes(place) ? html` checked` : undefined}> ${headingOf(name)}</label>
`,
)}</fieldset></details>`;
}
