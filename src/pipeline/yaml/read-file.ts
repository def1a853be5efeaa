import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Diagnostic, Place } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { closestName } from '../diagnostics/did-you-mean.ts';
import { OVERRIDES } from '../expand/override.ts';
import { parseYaml } from './parse-yaml.ts';
import { UnreadableText } from './read-text.ts';
import type { Sources } from './sources.ts';
import type { MapValue } from './value.ts';

/**
 * Reads a YAML file that must hold a map. Anything wrong with it becomes a diagnostic: at `namedAt` where the
 * file cannot be read, else in the file itself. Undefined if there is no map to continue with.
 */
export function readMapFile(
  path: string,
  namedAt: Place,
  sources: Sources,
  diagnostics: DiagnosticList,
): MapValue | undefined {
  let text: string;
  try {
    text = sources.read(path);
  } catch (error) {
    diagnostics.add({ ...unreadable(path, error, namedAt), place: namedAt });
    return undefined;
  }
  const value = parseYaml(text, path, diagnostics);
  if (value === undefined || value.kind === 'map') return value;
  const empty = value.kind === 'scalar' && value.value === null;
  if (!diagnostics.covers(value.place)) {
    diagnostics.add({
      code: empty ? 'empty-file' : 'wrong-type',
      message: empty ? 'the file is empty' : 'the file must hold `key: value` lines',
      place: value.place,
    });
  }
  return undefined;
}

function unreadable(path: string, error: unknown, namedAt: Place): Omit<Diagnostic, 'place'> {
  if (error instanceof UnreadableText)
    return { code: 'file-unreadable', message: `${path} ${error.message}` };
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return missingFile(path, namedAt);
  if (code === 'EISDIR') return { code: 'file-unreadable', message: `${path} is a directory, not a file` };
  return { code: 'file-unreadable', message: `${path} cannot be read: ${message}` };
}

/** Says that a file that is named at `namedAt` is missing, and which one next to it may have been meant. */
export function missingFile(path: string, namedAt: Place): Omit<Diagnostic, 'place'> {
  const folder = dirname(path);
  const message = `there is no file ${path}`;
  const link = linkTarget(path);
  if (link !== undefined) {
    return {
      code: 'file-missing',
      message: `${path} is a symbolic link to ${link}, which does not exist`,
      hint: 'make the file that it names, or let the link lead to one that exists',
    };
  }
  if (basename(path) === '-' && namedAt.file === path)
    return { code: 'file-missing', message, hint: 'standard input is read as /dev/stdin' };
  if (!existsSync(folder))
    return { code: 'file-missing', message, hint: `there is no folder ${folder} either` };
  const closest = closestName(basename(path), readdirSync(folder));
  // A pipeline file that is itself missing was named on the command line, as an override is.
  const onCommandLine = namedAt.file === OVERRIDES || namedAt.file === path;
  const hint = onCommandLine
    ? 'a path on the command line is relative to the current folder'
    : 'a path is relative to the folder of the file that says it';
  return {
    code: 'file-missing',
    message,
    hint: closest === undefined ? hint : `did you mean \`${closest}\`?`,
  };
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
