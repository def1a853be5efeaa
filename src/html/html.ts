/** A piece of finished HTML. Only `html` makes one, so text never becomes markup by mistake. */
export class Markup {
  readonly html: string;
  constructor(html: string) {
    this.html = html;
  }
}

type Value = Markup | string | number | undefined | readonly (Markup | string | number | undefined)[];

/**
 * Template tag for HTML: values are escaped for element content and quoted attributes; Markup stands as it is,
 * lists are joined, undefined is nothing. Inserted text is never looked at again.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(
    strings.map((text, index) => (index === 0 ? '' : toHtml(values[index - 1])) + text).join(''),
  );
}

function toHtml(value: Value): string {
  if (value === undefined) return '';
  if (value instanceof Markup) return value.html;
  if (typeof value === 'object') return value.map(toHtml).join('');
  return escapeText(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
  // An HTML parser would turn it into a line feed.
  '\r': '&#13;',
};

/**
 * Escapes text for element content and quoted attributes. Characters that HTML forbids (C0 and C1 controls,
 * lone surrogates, noncharacters) become U+FFFD.
 */
export function escapeText(text: string): string {
  return text.replace(/[&<>"'`\r]/g, (character) => ENTITIES[character]!).replace(FORBIDDEN, '\uFFFD');
}

/** The text that `escapeText` made this of. */
export function unescapeText(escaped: string): string {
  return escaped.replace(/&(?:#\d+|\w+);/g, (entity) => CHARACTERS.get(entity) ?? entity);
}

const CHARACTERS = new Map(Object.entries(ENTITIES).map(([character, entity]) => [entity, character]));

const FORBIDDEN = /(?![\t\n])[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu;
