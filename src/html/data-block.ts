import { html, Markup } from './html.ts';

/** Characters that could end the element, or that old parsers of scripts take for the end of a line. */
const UNSAFE = /[<>&\u2028\u2029]/g;

/** A JSON value in a page for its script to read by id: data that a browser does not run, whatever texts it holds. */
export function dataBlock(id: string, value: unknown): Markup {
  const json = JSON.stringify(value).replace(
    UNSAFE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return html`<script type="application/json" id="${id}">${new Markup(json)}</script>`;
}
