import { html, Markup } from './html.ts';
import { STYLE } from './style.ts';

/** Nothing may be loaded or run, whatever a model wrote; pictures and styles are in the page itself. */
const CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/** A whole HTML document that needs neither scripts nor network. `sections` stand below the title, one a line. */
export function htmlDocument(title: string, sections: readonly (Markup | undefined)[]): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
</header>
<main>
${new Markup(sections.map((section) => section?.html ?? '').join('\n'))}
</main>
</body>
</html>
`;
  return page.html;
}
