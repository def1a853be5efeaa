import { valuesInLabel } from '../contract/variant-label.ts';
import { columnsOf, fitting } from '../terminal/display-width.ts';

/** A variant of a stage: `train[learning_rate=0.01,epochs=2]`. */
interface Variant {
  readonly head: string;
  readonly values: ReadonlyMap<string, string>;
}

/** Of values that are longer than this, what all have in common is left out. */
const LONG_VALUE = 8;
/** Columns that a stage's name keeps in front of its values. */
const SHORTEST_HEAD = 2;

/**
 * The stages of a run as they are named in `room` columns. What tells variants apart is what stays: names of parameters are
 * shortened first (`train[lr=0.01,e=2]`), then left out (`train[0.01,2]`), then what their values have in common, and only
 * then is anything cut. All variants are shortened in the same way.
 */
export function shortNames(ids: readonly string[], room: number): ReadonlyMap<string, string> {
  const variants = new Map(ids.map((id) => [id, variantOf(id)]));
  const known = [...variants.values()].filter((variant) => variant !== undefined);
  const parameters = unique(known.flatMap(({ values }) => [...values.keys()]));
  const initials = initialsOf(parameters);
  const parts = new Map(
    parameters.map((name) => [name, ownParts(known.map(({ values }) => values.get(name)))]),
  );
  const forms: ((name: string, value: string) => string)[] = [
    (name, value) => `${name}=${value}`,
    (name, value) => `${initials.get(name)}=${value}`,
    (_name, value) => value,
    (name, value) => parts.get(name)!.get(value)!,
  ];
  const written = forms.map((form) => new Map(ids.map((id) => [id, writtenAs(id, variants.get(id), form)])));
  const fits = written.find((names) => [...names.values()].every((name) => columnsOf(name) <= room));
  const names = fits ?? written.at(-1)!;
  return new Map(ids.map((id) => [id, cut(names.get(id)!, room)]));
}

function variantOf(id: string): Variant | undefined {
  const [, head, label] = /^([^[]+)\[(.*)\]$/s.exec(id) ?? [];
  return head === undefined || label === undefined ? undefined : { head, values: valuesInLabel(label) };
}

function writtenAs(
  id: string,
  variant: Variant | undefined,
  form: (name: string, value: string) => string,
): string {
  if (variant === undefined) return id;
  return `${variant.head}[${[...variant.values].map(([name, value]) => form(name, value)).join(',')}]`;
}

/** The first letters of the words of each name, as many as tell the names apart: `learning_rate` -> `lr`. */
function initialsOf(names: readonly string[]): ReadonlyMap<string, string> {
  for (let letters = 1; ; letters++) {
    const short = names.map((name) =>
      name
        .split(/[_-]+/)
        .map((word) => word.slice(0, letters))
        .join(''),
    );
    const done = unique(short).length === names.length || names.every((name) => name.length <= letters);
    if (done) return new Map(names.map((name, index) => [name, short[index]!]));
  }
}

/** Of each of several long values what is its own: `./data/small.json`, `./data/large.json` -> `…small…`, `…large…`. */
function ownParts(values: readonly (string | undefined)[]): ReadonlyMap<string, string> {
  const texts = unique(values.filter((value) => value !== undefined));
  const backwards = texts.map((text) => [...text].reverse().join(''));
  const [front, back] = [commonStart(texts), commonStart(backwards)];
  return new Map(
    texts.map((text) => {
      const inner = text.slice(front, Math.max(front, text.length - back));
      const isShorter = texts.length > 1 && text.length > LONG_VALUE;
      return [text, isShorter ? `${front > 0 ? '…' : ''}${inner}${back > 0 ? '…' : ''}` : text];
    }),
  );
}

function commonStart([first = '', ...others]: readonly string[]): number {
  let length = 0;
  while (length < first.length && others.every((other) => other[length] === first[length])) length++;
  return length;
}

/** Cuts the name in front of the values, and only then the values, of which the last ones change the fastest. */
function cut(name: string, room: number): string {
  if (columnsOf(name) <= room) return name;
  const bracket = name.indexOf('[');
  if (bracket < 0) return fitting(name, room);
  const label = name.slice(bracket);
  const left = room - columnsOf(label);
  if (left >= SHORTEST_HEAD) return fitting(name.slice(0, bracket), left) + label;
  const head = fitting(name.slice(0, bracket), SHORTEST_HEAD);
  return head + ending(label, room - columnsOf(head));
}

/** What fits of the end of a text. */
function ending(text: string, room: number): string {
  const characters = [...text];
  let end = '';
  while (characters.length > 0 && columnsOf(characters.at(-1)! + end) <= room) end = characters.pop()! + end;
  return end;
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
