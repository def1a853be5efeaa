import { commandText } from '../../contract/command-text.ts';
import type { Json } from '../../contract/json.ts';
import { html, type Markup } from '../../html/html.ts';
import type { ReportData } from './data/report-data.ts';

/** What the page was made of and how to make it again. Times and hosts are in the run: the page has none. */
export function makingSection({ parameters, sources, items, models, histories }: ReportData): Markup {
  const overrides = Object.entries(isPlain(parameters) ? parameters : {}).flatMap(([name, value]) =>
    typeof value === 'object' ? [] : ['--set', `${name}=${value}`],
  );
  return html`<section>
<h2>How this page was made</h2>
<table class="settings">
<tbody>
${row('Items', String(items.length))}${row('Models', models.map(({ name }) => name).join('; '))}${histories.map(
  ({ name, evaluations }) => {
    const last = evaluations.at(-1);
    const amount =
      last &&
      `${last.updates.toLocaleString('en-US')} steps, ${last.tokensSeen.toLocaleString('en-US')} tokens`;
    return row(name === '' ? 'Training' : `Training ${name}`, amount ?? 'no evaluation');
  },
)}</tbody>
</table>
<p>To make it again, with the pipeline file as FILE: <code>${commandText(['run', 'FILE', ...overrides])}</code>. The same inputs give the same page. <code>pipe runs</code> and <code>pipe show RUN</code> say when a page was made, where, of which commit and by which engine.</p>
<details><summary>Inputs and their digests (sha256)</summary>
<div class="wide" tabindex="0" role="region" aria-label="Inputs"><table class="settings">
<tbody>
${sources.map(
  ({ name, digest }) => html`<tr><th scope="row">${name}</th><td><code>${digest}</code></td></tr>
`,
)}</tbody>
</table></div>
</details>
</section>`;
}

function row(name: string, text: string): Markup {
  return html`<tr><th scope="row">${name}</th><td class="text">${text}</td></tr>
`;
}

function isPlain(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
