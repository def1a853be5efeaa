import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { nameHint } from '../diagnostics/did-you-mean.ts';
import { discriminatorOf, type JsonSchema, propertiesOf } from '../schema/validation-schema.ts';
import { readMapFile } from '../yaml/read-file.ts';
import type { Sources } from '../yaml/sources.ts';
import {
  get,
  type MapValue,
  type Path,
  type ScalarValue,
  textOf,
  type Value,
  withEntry,
  withoutEntry,
} from '../yaml/value.ts';
import { folderOf } from './folder-of.ts';
import { mergeMaps } from './merge.ts';

/** A path that says so, as opposed to a name. Node takes no path with a NUL. */
const PATH = /^\.\.?\/[^\0]*$/;
/** A name, in folders of `configs/<piece>` if it holds slashes; with `..` it would lead out of them. */
const NAME = /^(?!\.)[^/\0]{1,200}(?:\/(?!\.)[^/\0]{1,200})*$/;

/** Finds and reads named pieces: `configs/<piece>/<name>.yaml` of the project, then of the package. */
export class PieceLibrary {
  readonly #folders: readonly string[];
  readonly #sources: Sources;
  readonly #diagnostics: DiagnosticList;
  readonly #read = new Map<string, MapValue | undefined>();

  /** `packageConfigs` is the folder of the pieces that come with the package. */
  constructor(pipelineFile: string, packageConfigs: string, sources: Sources, diagnostics: DiagnosticList) {
    this.#folders = [...projectConfigs(dirname(pipelineFile), sources), packageConfigs];
    this.#sources = sources;
    this.#diagnostics = diagnostics;
  }

  /**
   * Puts the content of pieces where settings name them, as the schema's `piece` marks say: a name, a path that
   * begins with `../` or `../../`, or `{use: name or path, …}` with changes. Other values stay as they are.
   */
  resolve(settings: Value, schema: JsonSchema): Value {
    if (settings.kind === 'scalar') return settings;
    if (settings.kind === 'list') {
      const inner = schema.items as JsonSchema | undefined;
      return inner
        ? { ...settings, items: settings.items.map((item) => this.#setting(item, inner)) }
        : settings;
    }
    let result = settings;
    for (const [key, property] of Object.entries(propertiesOf(branchOf(schema, settings)))) {
      const entry = result.entries.get(key);
      if (entry === undefined) continue;
      result = withEntry(result, key, { ...entry, value: this.#setting(entry.value, property) });
    }
    return result;
  }

  #setting(value: Value, schema: JsonSchema): Value {
    const piece = schema.piece as string | undefined;
    return this.resolve(piece === undefined ? value : this.#content(value, piece), schema);
  }

  #content(value: Value, piece: string): Value {
    const use = value.kind === 'map' ? value.entries.get('use')?.value : value;
    if (use?.kind !== 'scalar' || typeof use.value !== 'string') return value;
    const content = this.#find(use, use.value, piece);
    // The value stays where no piece was found: its place has a diagnostic, so nothing else is said about it.
    if (content === undefined) return use;
    return value.kind === 'map' ? mergeMaps(content, withoutEntry(value, 'use')) : content;
  }

  #find(use: ScalarValue, name: string, piece: string): MapValue | undefined {
    const path = PATH.test(name) ? resolve(folderOf(use), name) : this.#fileOf(name, piece);
    if (path !== undefined) {
      if (!this.#read.has(path))
        this.#read.set(path, readMapFile(path, use.origin ?? use.place, this.#sources, this.#diagnostics));
      return this.#read.get(path);
    }
    this.#diagnostics.add({
      code: 'unknown-piece',
      message: `there is no \`${name}\` in configs/${piece}`,
      place: use.place,
      hint: `${nameHint(name, this.#names(piece), `names in configs/${piece}`)}`,
      ...(use.origin === undefined
        ? {}
        : { related: [{ message: 'the name comes from here', place: use.origin }] }),
    });
    return undefined;
  }

  #fileOf(name: string, piece: string): string | undefined {
    if (!NAME.test(name)) return undefined;
    const files = this.#folders.map((folder) => join(folder, piece, `${name}.yaml`));
    return files.find((file) => this.#sources.kindOf(file) !== 'nothing');
  }

  #names(piece: string): readonly string[] {
    const names = this.#folders.flatMap((folder) => {
      const directory = join(folder, piece);
      return existsSync(directory) ? readdirSync(directory).filter((file) => file.endsWith('.yaml')) : [];
    });
    return [...new Set(names.map((file) => file.slice(0, -'.yaml'.length)))].sort();
  }
}

/** `configs` folders from `folder` upwards to the project's root, the folder with package.json or .git. */
function projectConfigs(folder: string, sources: Sources): readonly string[] {
  const own = join(folder, 'configs');
  const isRoot = ['package.json', '.git'].some((name) => sources.kindOf(join(folder, name)) !== 'nothing');
  return isRoot || dirname(folder) === folder ? [own] : [own, ...projectConfigs(dirname(folder), sources)];
}

/** Of a union the branch that a map chose by its constant, such as its `kind`; any other schema itself. */
function branchOf(schema: JsonSchema, map: MapValue): JsonSchema {
  const branches = (schema.anyOf ?? []) as readonly JsonSchema[];
  const name = discriminatorOf(branches);
  const chosen = name === undefined ? undefined : textOf(get(map, name));
  return branches.find((branch) => propertiesOf(branch)[name!]?.const === chosen) ?? schema;
}

/** Whether the setting at `path` (below `with`) is a piece by its schema. */
export function isPieceSetting(schema: JsonSchema, path: Path): boolean {
  const property = path.reduce<JsonSchema | undefined>(
    (inner, name) => inner && propertiesOf(inner)[name],
    schema,
  );
  return property?.piece !== undefined;
}
