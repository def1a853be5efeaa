import { html, type Markup } from '../../../html/html.ts';
import { criterionText } from '../../judge/language-model/criteria.ts';
import type { JudgeSettings } from '../../judge/settings.ts';

/**
 * What a language model was asked, as its templates are written: the texts of an item, which the page has, stand in the
 * places of the names. Nothing for judges that are asked nothing.
 */
export function questionOf(judge: JudgeSettings['judge']): Markup | undefined {
  const members = judge.kind === 'jury' ? judge.judges : [judge];
  const asked = members.flatMap((member) => ('prompt' in member ? [member] : []));
  if (asked.length === 0) return undefined;
  return html`<details><summary>What the judge was asked</summary>
${asked.map(
  ({ label, prompt, instructions, criteria = [] }) => html`<h4>${label}</h4>
<p class="text">${prompt}</p>
${criteria.map(
  (criterion) => html`<p class="text">${criterionText(criterion).trim()}</p>
`,
)}<p class="text">${instructions}</p>
`,
)}</details>`;
}
