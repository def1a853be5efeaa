import { dottedEntries, type Json, plainText } from '../../contract/json.ts';
import { html, type Markup } from '../../html/html.ts';

/** The settings of the experiment as a table, nested names joined with dots; nothing if there are none. */
export function parametersSection(parameters: Json): Markup | undefined {
  const rows = dottedEntries(parameters);
  if (rows.length === 0) return undefined;
  return html`<section>
<h2>Settings</h2>
<table class="settings">
<tbody>
${rows.map(
  ([
    name,
    value,
  ]) => html`<tr><th scope="row">${name || 'parameters'}</th><td class="text">${plainText(value)}</td></tr>
`,
)}</tbody>
</table>
</section>`;
}
