import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import type { Diagnostic, Place } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { scalarProblem } from './scalar-problem.ts';
import type { Entry, ScalarValue, Value } from './value.ts';

/** Values that a file may have after its aliases are written out: far above any real pipeline. */
const MOST_VALUES = 100_000;

/** Levels of maps and lists: far above any real pipeline, and far below what the stack bears. */
const MOST_LEVELS = 200;

/** Turns the nodes of one document into values, following anchors in the order of the file. */
export class Composer {
  readonly #text: string;
  readonly #at: (start: number, end: number) => Place;
  readonly #diagnostics: DiagnosticList;
  /** Composed anchors with the number of values in each; null while one is being composed. */
  readonly #anchors = new Map<string, { value: Value; size: number } | null>();
  /** What came from merge keys: a key of the map itself replaces it. */
  readonly #merged = new Set<Entry>();
  #size = 0;
  #level = 0;

  /** `at` gives the place of a range of the document's text. */
  constructor(text: string, at: (start: number, end: number) => Place, diagnostics: DiagnosticList) {
    this.#text = text;
    this.#at = at;
    this.#diagnostics = diagnostics;
  }

  compose(node: Node): Value {
    if (isAlias(node)) return this.#alias(node);
    const before = this.#size;
    this.#size += 1;
    const { anchor } = node as { anchor?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, null);
    this.#level++;
    const value = this.#content(node);
    this.#level--;
    if (anchor !== undefined) this.#anchors.set(anchor, { value, size: this.#size - before });
    return value;
  }

  #content(node: Node): Value {
    const place = this.#placeOf(node);
    if (this.#level > MOST_LEVELS) {
      const message = `values are nested more than ${MOST_LEVELS} levels deep`;
      return this.#broken(place, { code: 'too-deep', message });
    }
    const problem =
      tagProblem(node) ?? (isScalar(node) ? scalarProblem(node, this.#writtenAs(node)) : undefined);
    if (problem !== undefined) return this.#broken(place, problem);
    if (isScalar(node))
      return { kind: 'scalar', value: node.value as ScalarValue['value'], place, ...spellingOf(node) };
    if (isMap(node)) return { kind: 'map', entries: this.#entries(node), place };
    const items = isSeq(node) ? node.items : [];
    return { kind: 'list', items: items.map((item) => this.compose(item as Node)), place };
  }

  #writtenAs({ range }: Scalar): string {
    return range ? this.#text.slice(range[0], range[1]) : '';
  }

  #entries(map: YAMLMap): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    let mergeKey: Place | undefined;
    for (const pair of map.items) {
      const node = pair.key as Node;
      const key = this.#placeOf(node);
      const value = this.#entryValue(key, pair.value as Node | null);
      if (isMergeKey(node)) {
        if (mergeKey !== undefined) this.#refuseSecondMerge(key, mergeKey);
        mergeKey ??= key;
        this.#merge(entries, key, value);
      } else if (isScalar(node) && typeof node.value === 'string')
        this.#addEntry(entries, node.value, { key, value });
      else this.#diagnostics.add({ ...keyProblem(node), place: key });
    }
    return entries;
  }

  /** A value that is not written at all has the place of its key: there is nothing else to point at. */
  #entryValue(key: Place, node: Node | null): Value {
    const isMissing = node === null || (isScalar(node) && node.value === null && node.source === '');
    return isMissing ? { kind: 'scalar', value: null, place: key } : this.compose(node);
  }

  #addEntry(entries: Map<string, Entry>, name: string, entry: Entry): void {
    const first = entries.get(name);
    if (first === undefined || this.#merged.has(first)) entries.set(name, entry);
    else {
      this.#diagnostics.add({
        code: 'duplicate-key',
        message: `\`${name}\` is given twice`,
        place: entry.key,
        hint: 'keep one of the two',
        related: [{ message: 'it is first given here', place: first.key }],
      });
    }
  }

  /**
   * Adds the keys of the map, or of the list of maps, that a merge key (`<<`) names. As the merge type of YAML 1.1 says,
   * earlier maps win over later ones, and keys of the map itself win over all of them, wherever they stand.
   */
  #merge(entries: Map<string, Entry>, key: Place, value: Value): void {
    for (const map of value.kind === 'list' ? value.items : [value]) {
      if (map.kind !== 'map') this.#refuseMerge(map, key);
      for (const [name, entry] of map.kind === 'map' ? map.entries : []) {
        if (entries.has(name)) continue;
        entries.set(name, entry);
        this.#merged.add(entry);
      }
    }
  }

  /** Programs disagree about which of two wins. */
  #refuseSecondMerge(key: Place, first: Place): void {
    this.#diagnostics.add({
      code: 'duplicate-key',
      message: '`<<` is given twice',
      place: key,
      hint: 'give it once, with a list: `<<: [*first, *second]`; the first map wins',
      related: [{ message: 'it is first given here', place: first }],
    });
  }

  #refuseMerge({ place }: Value, key: Place): void {
    // What could not be read, or was too much, has been reported.
    if (this.#diagnostics.covers(place) || this.#size > MOST_VALUES) return;
    this.#diagnostics.add({
      code: 'merge-key',
      message: 'a merge key (`<<`) takes the keys of a map, or of each map of a list',
      place: place.offset < key.offset ? key : place,
      hint: 'like `<<: *defaults` or `<<: [*first, *second]`, where `&defaults` stands before a map above this',
    });
  }

  #alias(node: Alias): Value {
    const place = this.#placeOf(node);
    const target = this.#anchors.get(node.source);
    if (target === null) {
      const message = `\`*${node.source}\` is inside the value that it repeats`;
      return this.#broken(place, { code: 'alias', message });
    }
    if (target === undefined) {
      const message = `nothing is named \`&${node.source}\` above this`;
      return this.#broken(place, { code: 'alias', message, hint: 'text that begins with `*` needs quotes' });
    }
    const wasTooBig = this.#size > MOST_VALUES;
    this.#size += target.size;
    if (this.#size <= MOST_VALUES) return target.value;
    // What the alias stands for stays out, so that nothing later walks through billions of values.
    if (wasTooBig) return { kind: 'scalar', value: null, place };
    return this.#broken(place, {
      code: 'alias-expansion',
      message: `aliases make this file more than ${MOST_VALUES.toLocaleString('en')} values long`,
      hint: 'an alias repeats all of its value, with the aliases in it: repeat less',
    });
  }

  /** Reports a value and puts null in its place, about which nothing more will be said. */
  #broken(place: Place, problem: Omit<Diagnostic, 'place'>): Value {
    this.#diagnostics.add({ ...problem, place });
    return { kind: 'scalar', value: null, place };
  }

  #placeOf(node: Node): Place {
    const [start, end] = node.range ?? [0, 0];
    return this.#at(start, end);
  }
}

/** The spelling of a number or truth value, where its text would be another one. */
function spellingOf({ value, source }: Scalar): Pick<ScalarValue, 'spelling'> {
  const isText = value === null || typeof value === 'string' || source === undefined;
  return isText || String(value) === source ? {} : { spelling: source };
}

function isMergeKey(node: Node): boolean {
  return isScalar(node) && node.value === '<<' && node.type === 'PLAIN';
}

function keyProblem(node: Node): Omit<Diagnostic, 'place'> {
  if (!isScalar(node)) {
    return {
      code: 'key-not-text',
      message: 'a key must be text',
      hint: 'text that begins with `{` or `[` needs quotes',
    };
  }
  const source = node.source ?? String(node.value);
  return source === ''
    ? { code: 'key-not-text', message: 'a key is missing before `:`' }
    : { code: 'key-not-text', message: `the key \`${source}\` is not text`, hint: `quote it: "${source}"` };
}

/** Only `!!str` is harmless: other tags make other types, or nothing that is known here. */
function tagProblem({ tag }: Node): Omit<Diagnostic, 'place'> | undefined {
  if (tag === undefined || tag === 'tag:yaml.org,2002:str') return undefined;
  const core = 'tag:yaml.org,2002:';
  return {
    code: 'tag',
    message: `the tag \`${tag.startsWith(core) ? `!!${tag.slice(core.length)}` : tag}\` is not supported`,
    hint: 'write the value without a tag; quotes make it text',
  };
}
