import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import type { Place } from './diagnostic.ts';
import type { DiagnosticList } from './diagnostic-list.ts';
import { scalarProblem } from './scalar-problem.ts';
import type { Entry, Value } from './value.ts';
import { syntaxDiagnostic } from './yaml-syntax.ts';

/** Values that a file may have after its aliases are written out: far above any real pipeline. */
const MOST_VALUES = 100_000;

/**
 * Reads YAML 1.2 (core schema) into a value with places. Refused, each with its place: what is not YAML,
 * and what YAML would change silently (numbers that are not finite or not exact, duplicate and merge keys,
 * keys that are not text, tags of other types, aliases that explode).
 * `base` is the offset of `text` in the source named `file`. Undefined where there is nothing to go on with.
 */
export function parseYaml(
  text: string,
  file: string,
  diagnostics: DiagnosticList,
  base = 0,
): Value | undefined {
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const at = (start: number, end: number): Place => ({
    file,
    offset: base + start,
    length: Math.max(1, end - start),
  });
  const syntax = syntaxDiagnostic(text, document, at);
  if (syntax !== undefined) {
    diagnostics.add(syntax);
    return undefined;
  }
  if (document.contents === null) return { kind: 'scalar', value: null, place: at(0, 0) };
  return new Composer(document, at, diagnostics).compose(document.contents);
}

/** Turns the nodes of one document into values, following anchors in the order of the file. */
class Composer {
  readonly #document: Document.Parsed;
  readonly #at: (start: number, end: number) => Place;
  readonly #diagnostics: DiagnosticList;
  /** Composed anchors with the number of values in each; null while one is being composed. */
  readonly #anchors = new Map<string, { value: Value; size: number } | null>();
  #size = 0;

  constructor(
    document: Document.Parsed,
    at: (start: number, end: number) => Place,
    diagnostics: DiagnosticList,
  ) {
    this.#document = document;
    this.#at = at;
    this.#diagnostics = diagnostics;
  }

  compose(node: Node): Value {
    if (isAlias(node)) return this.#alias(node);
    const before = this.#size;
    this.#size += 1;
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.#anchors.set(anchor, null);
    const value = this.#composeContent(node);
    if (anchor !== undefined) this.#anchors.set(anchor, { value, size: this.#size - before });
    return value;
  }

  #composeContent(node: Node): Value {
    const place = this.#placeOf(node);
    if (isScalar(node)) {
      const problem = scalarProblem(node);
      if (problem !== undefined) {
        this.#diagnostics.add({ ...problem, place });
        return { kind: 'scalar', value: null, place };
      }
      return { kind: 'scalar', value: node.value as null | boolean | number | string, place };
    }
    if (isSeq(node))
      return { kind: 'list', items: node.items.map((item) => this.compose(item as Node)), place };
    return { kind: 'map', entries: this.#entries(node as YAMLMap), place };
  }

  #entries(map: YAMLMap): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    for (const pair of map.items) {
      const keyNode = pair.key as Node;
      const key = this.#key(keyNode);
      const keyPlace = this.#placeOf(keyNode);
      const valueNode = pair.value as Node | null;
      const value: Value =
        valueNode === null ? { kind: 'scalar', value: null, place: keyPlace } : this.compose(valueNode);
      const first = key === undefined ? undefined : entries.get(key);
      if (first !== undefined) {
        this.#diagnostics.add({
          code: 'duplicate-key',
          message: `\`${key}\` is given twice`,
          place: keyPlace,
          hint: 'keep one of the two',
          related: [{ message: 'it is first given here', place: first.key }],
        });
      } else if (key !== undefined) entries.set(key, { key: keyPlace, value });
    }
    return entries;
  }

  /** Text of a key; undefined, with a diagnostic, for a key that cannot be one. */
  #key(node: Node): string | undefined {
    if (isScalar(node) && typeof node.value === 'string') {
      if (node.value !== '<<' || node.type !== 'PLAIN') return node.value;
      this.#diagnostics.add({
        code: 'merge-key',
        message: 'merge keys (`<<`) are not part of YAML 1.2 and are not supported',
        place: this.#placeOf(node),
        hint: 'write the keys out, or put what pipelines share into a file of its own and name it with `extends`',
      });
      return undefined;
    }
    const source = isScalar(node) ? (node.source ?? String(node.value)) : undefined;
    this.#diagnostics.add({
      code: 'key-not-text',
      message: source ? `the key \`${source}\` is not text` : 'a key must be text',
      place: this.#placeOf(node),
      ...(source ? { hint: `quote it: "${source}"` } : {}),
    });
    return undefined;
  }

  #alias(node: Alias): Value {
    const place = this.#placeOf(node);
    const target = this.#anchors.get(node.source);
    if (target === null || target === undefined) {
      this.#diagnostics.add({
        code: 'alias',
        message:
          target === null
            ? `\`*${node.source}\` lies inside the value that it repeats`
            : `nothing is named \`&${node.source}\` above this`,
        place,
      });
      return { kind: 'scalar', value: null, place };
    }
    this.#size += target.size;
    if (this.#size <= MOST_VALUES) return target.value;
    this.#diagnostics.add({
      code: 'alias-expansion',
      message: `aliases make this file more than ${MOST_VALUES.toLocaleString('en')} values long`,
      place,
      hint: 'an alias repeats all of its value, with the aliases in it: repeat less',
    });
    // What the alias stands for stays out, so that nothing later walks through billions of values.
    this.#size -= target.size;
    return { kind: 'scalar', value: null, place };
  }

  #placeOf(node: Node): Place {
    const [start, end] = node.range ?? [0, 0];
    const text = this.#document.range;
    return this.#at(start, Math.min(end, text[2]));
  }
}
