import { dirname, resolve } from 'node:path';
import type { Place } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { refuseCredentials } from '../resolve/refuse-credentials.ts';
import { readMapFile } from '../yaml/read-file.ts';
import type { Sources } from '../yaml/sources.ts';
import { get, type MapValue, textOf, withoutEntry } from '../yaml/value.ts';
import { type AddedParam, addedParams, refuseUnreadParams, withoutMisspeltStages } from './added-names.ts';
import { withoutExtensions } from './extensions.ts';
import { mergeMaps } from './merge.ts';

/** A file of a chain of `extends`, and where it is named. */
interface Link {
  readonly path: string;
  readonly namedAt: Place;
}

/**
 * Reads a pipeline file and everything that it extends, and lays each over its base (see mergeMaps). Every
 * value keeps the place, and with it the folder, of the file that wrote it. Undefined where a file of the
 * chain is missing or wrong: nothing can be said of a file without its base.
 */
export function readWithBases(
  file: string,
  sources: Sources,
  diagnostics: DiagnosticList,
): MapValue | undefined {
  const added: AddedParam[] = [];
  const first = { path: file, namedAt: { file, offset: 0, length: 1 } };
  const document = readLink(first, [], added, sources, diagnostics);
  refuseUnreadParams(added, get(document, 'stages'), diagnostics);
  return document;
}

function readLink(
  link: Link,
  chain: readonly Link[],
  added: AddedParam[],
  sources: Sources,
  diagnostics: DiagnosticList,
): MapValue | undefined {
  const written = readMapFile(link.path, link.namedAt, sources, diagnostics);
  const map = written && withoutExtensions(written);
  const extendsEntry = map?.entries.get('extends');
  if (map === undefined || extendsEntry === undefined) return map;
  const own = withoutEntry(map, 'extends');
  const { value } = extendsEntry;
  const name = textOf(value);
  if (name === undefined) {
    diagnostics.add({
      code: 'wrong-type',
      message: '`extends` must be the path of one pipeline file',
      place: value.place,
      hint: 'like `extends: ./base.yaml`',
    });
    return undefined;
  }
  refuseCredentials(value, sources, diagnostics);
  if (diagnostics.covers(value.place)) return undefined;
  const base: Link = { path: resolve(dirname(link.path), name), namedAt: value.place };
  const links = [...chain, link];
  const first = links.findIndex(({ path }) => path === base.path);
  if (first >= 0) {
    diagnostics.add(extendsCycle(links.slice(first), base));
    return undefined;
  }
  const below = readLink(base, links, added, sources, diagnostics);
  if (below === undefined) return undefined;
  added.push(...addedParams(get(below, 'params'), get(own, 'params')));
  return mergeMaps(below, withoutMisspeltStages(below, own, diagnostics));
}

function extendsCycle(cycle: readonly Link[], last: Link) {
  const names = [...cycle, last].map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
  return {
    code: 'extends-cycle',
    message: `\`extends\` leads in a circle: ${names.join(' -> ')}`,
    place: last.namedAt,
    hint: 'a base must not extend, directly or through others, what extends it',
    related: cycle.slice(1).map((link) => ({ message: 'reached from here', place: link.namedAt })),
  };
}
