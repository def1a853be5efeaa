import type { Json } from '../../contract/json.ts';
import { html, type Markup } from '../../html/html.ts';

/** The settings of the experiment as a table, nested names joined with dots; nothing if there are none. */
export function parametersSection(parameters: Json): Markup | undefined {
  const rows = flatten(parameters, '');
  if (rows.length === 0) return undefined;
  return html`<section>
<h2>Settings</h2>
<table class="settings">
<tbody>
${rows.map(
  ([name, value]) => html`<tr><th scope="row">${name}</th><td class="text">${value}</td></tr>
`,
)}</tbody>
</table>
</section>`;
}

function flatten(value: Json, name: string): [string, string][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value).flatMap(([key, part]) =>
      flatten(part, name === '' ? key : `${name}.${key}`),
    );
  }
  return [[name === '' ? 'parameters' : name, typeof value === 'string' ? value : JSON.stringify(value)]];
}
