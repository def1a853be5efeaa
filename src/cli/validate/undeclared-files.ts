import { existsSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { Diagnostic, Place } from '../../pipeline/diagnostics/diagnostic.ts';
import type { Pipeline, Stage } from '../../pipeline/pipeline.ts';
import { readText } from '../../pipeline/yaml/read-text.ts';
import { paintFor } from '../../terminal/paint.ts';
import { show } from '../../terminal/show.ts';
import { nearestFolder } from '../open/nearest-folder.ts';
import { projectRoot } from '../open/project-root.ts';

/** A path in the text of a program: as written, and what it names. */
interface NamedPath {
  readonly written: string;
  readonly path: string;
}

/**
 * Warns on standard error of files and folders of the project that a program of the pipeline names by an absolute path.
 * They are no inputs, so a change of them is not noticed: the old result is served without a word. Relative paths need
 * no warning: in the fresh folder in which a command runs there is nothing at them.
 */
export async function warnOfUndeclaredFiles({ file, stages }: Pipeline): Promise<void> {
  const root = realPath(projectRoot(dirname(file)));
  // The root of the file system is nobody's project: every program of the system is inside it.
  if (root === undefined || root === dirname(root)) return;
  const found = stages.flatMap((stage) =>
    namedPaths(stage)
      .filter(({ path }) => isOfProject(path, root))
      .map((named) => ({ stage, named })),
  );
  if (found.length === 0) return;
  const { formatDiagnostics } = await import('../../pipeline/diagnostics/format-diagnostics.ts');
  const sources = new Map(
    [...new Set(found.map(({ stage }) => stage.place.file))].flatMap((file) => {
      const text = textOf(file);
      return text === undefined ? [] : [[file, text] as const];
    }),
  );
  // Variants of a stage name the same paths.
  const diagnostics = new Map<string, Diagnostic>();
  for (const { stage, named } of found)
    diagnostics.set(`${stage.name} ${named.path}`, warning(stage, named, dirname(file), sources));
  const options = { directory: process.cwd(), paint: paintFor(process.stderr) };
  show(process.stderr, formatDiagnostics({ diagnostics: [...diagnostics.values()], sources }, options));
}

/** A word of a shell, and what it is redirected by; quotes go. */
const WORD = /(>\s*)?(?:"([^"]*)"|'([^']*)'|([^\s"'`;|&<>()]+))/g;

/** Whether a text may name an absolute path; most do not, and a pipeline may have thousands. */
const MAY_NAME = /(?<![\w.*-])\/|~\/|\$HOME\//;

/** The absolute paths in what a stage gives to programs, as whole arguments or as words of a script. */
function namedPaths({ type, settings }: Stage): readonly NamedPath[] {
  const texts = (type.programTexts?.(settings) ?? []).filter((text) => MAY_NAME.test(text));
  return texts.flatMap((text) => {
    // What is written to is not read.
    const words = [...text.matchAll(WORD)].filter(([, redirect]) => redirect === undefined);
    const parts = words.map(([, , ...quoted]) => quoted.find((part) => part !== undefined)!);
    return [...new Set([text, ...parts])].flatMap((part) => {
      const written = part.slice(/^[\w-]+=/.exec(part)?.[0].length ?? 0);
      const path = written.replace(/^(?:~|\$HOME)(?=\/)/, homedir());
      return isAbsolute(path) ? [{ written, path: resolve(path) }] : [];
    });
  });
}

/** Whether a path leads to something inside a project that was not installed there, as interpreters and packages are. */
function isOfProject(path: string, root: string): boolean {
  const real = realPath(path);
  if (real === undefined || (real !== root && !real.startsWith(root + sep))) return false;
  // A virtual environment links to the interpreter, so what is written counts.
  const isEnvironment = (folder: string) => existsSync(join(folder, 'pyvenv.cfg'));
  return !path.split(sep).includes('node_modules') && nearestFolder(path, isEnvironment) === undefined;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // Nothing is there, or it is no path.
  }
}

function warning(
  { name, place }: Stage,
  { written, path }: NamedPath,
  folder: string,
  sources: ReadonlyMap<string, string>,
): Diagnostic {
  const input = basename(path)
    .replace(/[^\w.-]/g, '_')
    .replace(/^\./, '_');
  const declared = (path: string) => {
    const fromFolder = relative(realpathSync(folder), path) || '.';
    return `{ file: ${fromFolder.startsWith('.') ? fromFolder : `./${fromFolder}`} }`;
  };
  const real = realpathSync(path);
  const isFile = statSync(real).isFile();
  const modules = isFile ? `; if it needs other files of its folder, declare ${declared(dirname(real))}` : '';
  return {
    code: 'undeclared-file',
    severity: 'warning',
    message: `stage \`${name}\` names ${path}, which is no input: the stage does not run again when it changes`,
    place: placeOf(written, place, sources.get(place.file)),
    hint: `declare it as \`inputs: { ${input}: ${declared(real)} }\` and write inputs/${input}${modules}`,
  };
}

/** Where a text stands at or after the stage's key; the key itself if it is not found there (a parameter, an escape). */
function placeOf(written: string, key: Place, source: string | undefined): Place {
  const offset = source?.indexOf(written, key.offset) ?? -1;
  return offset < 0 ? key : { ...key, offset, length: written.length };
}

/** Text of a pipeline file; undefined where reading it again would wait or take it from somebody, as with a pipe. */
function textOf(file: string): string | undefined {
  try {
    return statSync(file).isFile() ? readText(file) : undefined;
  } catch {
    return undefined;
  }
}
