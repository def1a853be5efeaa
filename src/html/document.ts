import { createHash } from 'node:crypto';
import { html, Markup } from './html.ts';
import { STYLE } from './style.ts';

export interface DocumentOptions {
  /** The most important sentences of the page: they stand right below the title, and lists of pages show them. */
  readonly lead?: readonly string[] | undefined;
  /** A program of ours, as text: the only one that a browser will run, known by its hash. */
  readonly script?: string | undefined;
}

/** A whole HTML document that needs no network. `sections` stand below the title, one a line. */
export function htmlDocument(
  title: string,
  sections: readonly (Markup | undefined)[],
  { lead = [], script }: DocumentOptions = {},
): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
${lead.length > 0 ? html`<meta name="description" content="${lead.join(' ')}">` : undefined}
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
${lead.map(
  (sentence) => html`<p class="lead">${sentence}</p>
`,
)}</header>
<main>
${new Markup(sections.map((section) => section?.html ?? '').join('\n'))}
</main>
${script === undefined ? undefined : html`<script>${new Markup(script)}</script>`}
</body>
</html>
`;
  return page.html;
}

/** Nothing may be loaded or run but that script, whatever a model wrote; pictures and styles are in the page itself. */
function contentPolicy(script: string | undefined): string {
  const policy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
  if (script === undefined) return policy;
  // It would end the element, or begin one in which the end of ours does not count.
  if (/<\/script|<!--|<script/i.test(script))
    throw new Error('Internal error: a script of a page holds markup');
  return `${policy}; script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`;
}
