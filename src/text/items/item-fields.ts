import { isObject, type JsonObject } from '../../contract/json.ts';
import { namesIn, type TextTemplate, textTemplate } from '../prompt/jinja.ts';
import { FIELD_NAMES, type FieldMapping, type FieldName } from './field-mapping.ts';

/** Where the fields of items are: under their own names, unless a mapping says otherwise. Knows which columns are read. */
export class ItemFields {
  /** Columns that something was read from. */
  readonly used = new Set<string>();
  /** Columns and paths that were asked for and are in some item. */
  readonly #found = new Set<string>();
  /** The others. */
  readonly #missed = new Set<string>();
  readonly #mapping: FieldMapping;
  readonly #templates = new Map<FieldName, TextTemplate>();
  /** Columns that the mapping gives to a field of another name. */
  readonly #taken: ReadonlySet<string>;

  /** Throws StageError for a template that is no Jinja. */
  constructor(mapping: FieldMapping) {
    this.#mapping = mapping;
    for (const name of FIELD_NAMES) {
      const place = mapping[name];
      if (place?.includes('{{')) this.#templates.set(name, textTemplate(`\`fields.${name}\``, place));
    }
    this.#taken = new Set(Object.values(mapping));
  }

  isMapped(name: FieldName): boolean {
    return this.#mapping[name] !== undefined;
  }

  /** How messages name the place of a field: `"output"`, or the column that it is mapped to. */
  placeOf(name: FieldName): string {
    return JSON.stringify(this.#mapping[name] ?? name);
  }

  /** The value of a field; undefined where the item has none. Throws StageError where a template cannot be rendered. */
  read(item: JsonObject, name: FieldName): unknown {
    const place = this.#mapping[name] ?? (this.#taken.has(name) ? undefined : name);
    if (place === undefined) return undefined;
    const template = this.#templates.get(name);
    if (template === undefined) return this.column(item, place);
    for (const word of namesIn(place)) if (Object.hasOwn(item, word)) this.used.add(word);
    return template(item);
  }

  /** Columns and paths that a pipeline names, as fields or to be kept, and that no item has. */
  neverFound(keep: readonly string[]): readonly string[] {
    const named = [...Object.values(this.#mapping), ...keep];
    return named.filter((path) => this.#missed.has(path) && !this.#found.has(path));
  }

  /** The value of a column, or inside of one by a dotted path; undefined where the item has none. */
  column(item: JsonObject, path: string): unknown {
    const value = this.#valueAt(item, path);
    (value === undefined ? this.#missed : this.#found).add(path);
    return value;
  }

  #valueAt(item: JsonObject, path: string): unknown {
    if (Object.hasOwn(item, path)) {
      this.used.add(path);
      return item[path];
    }
    const keys = path.split('.');
    if (keys.length > 1 && Object.hasOwn(item, keys[0]!)) this.used.add(keys[0]!);
    return keys.reduce<unknown>((value, key) => {
      const holds = (isObject(value) || Array.isArray(value)) && Object.hasOwn(value, key);
      return holds ? (value as JsonObject)[key] : undefined;
    }, item);
  }
}
