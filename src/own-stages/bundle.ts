import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, resolve } from 'node:path';
import type { BuildFailure, Message, OnResolveArgs, OnResolveResult, Plugin } from 'esbuild';
import type { OwnStageProblem } from '../contract/own-stage.ts';
import { digestOfBytes } from '../files/digest.ts';
import { isStageApi } from './stage-api-name.ts';

/** The code of an own stage with all that it imports of the project. */
export interface Bundle {
  readonly code: string;
  /** The source map, with absolute paths. */
  readonly map: string;
  /** The files that are in it, by their real paths: sha256 of their texts. */
  readonly files: Readonly<Record<string, string>>;
  /** Paths that were looked at, and at which there was nothing. */
  readonly absent: readonly string[];
  /** Symbolic links that were followed: the path, and the real one. */
  readonly links: Readonly<Record<string, string>>;
  /** What is imported from packages, as it is written. */
  readonly packages: readonly string[];
}

const LOADERS = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.json': 'json',
} as const;
/** What the file itself is called inside: esbuild makes names of variables from those of files. */
const ENTRY = 'stage';
/** TypeScript lets a file be imported by the name of what it is compiled to. */
const COMPILED: Readonly<Record<string, string>> = { '.js': '.ts', '.mjs': '.mts', '.cjs': '.cts' };

/**
 * Bundles the own stage in a file (its real path). Comments and white space are not in the result, so they change nothing.
 * Nothing decides it but the files: no tsconfig.json, and imports name whole file names, so that no file can come in between.
 */
export async function bundleStage(
  file: string,
): Promise<Bundle | { readonly problems: readonly OwnStageProblem[] }> {
  const { build } = await import('esbuild');
  const looked = {
    files: new Map<string, string>(),
    absent: new Set<string>(),
    links: new Map<string, string>(),
    packages: new Set<string>(),
  };
  try {
    const { outputFiles, warnings } = await build({
      entryPoints: [file],
      absWorkingDir: dirname(file),
      outfile: 'stage.cjs',
      bundle: true,
      write: false,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      charset: 'utf8',
      minifyWhitespace: true,
      minifySyntax: true,
      supported: { 'dynamic-import': false }, // becomes require, which finds packages from the stage's folder
      legalComments: 'none',
      sourcemap: 'external',
      tsconfigRaw: {},
      logLevel: 'silent',
      plugins: [localImports(file, looked)],
    });
    const refused = warnings.filter(({ id }) => REFUSED[id] !== undefined);
    if (refused.length > 0) return { problems: refused.map((warning) => problemOf(warning, file)) };
    const text = (end: string) => outputFiles.find(({ path }) => path.endsWith(end))!.text;
    return {
      code: text('stage.cjs'),
      map: withAbsolutePaths(text('.map'), file),
      files: Object.fromEntries(looked.files),
      absent: [...looked.absent],
      links: Object.fromEntries(looked.links),
      packages: [...looked.packages],
    };
  } catch (error) {
    const { errors } = error as Partial<BuildFailure>;
    if (!Array.isArray(errors)) throw error;
    return { problems: errors.map((problem) => problemOf(problem, file)) };
  }
}

interface Looked {
  readonly files: Map<string, string>;
  readonly absent: Set<string>;
  readonly links: Map<string, string>;
  readonly packages: Set<string>;
}

function localImports(file: string, looked: Looked): Plugin {
  const entry = { path: ENTRY, namespace: ENTRY };
  const resolveImport = ({ path, kind, importer, resolveDir }: OnResolveArgs): OnResolveResult => {
    if (kind === 'entry-point') return entry;
    if (isStageApi(path) || isBuiltin(path)) return { path, external: true };
    if (!/^\.{0,2}\//.test(path)) {
      looked.packages.add(path);
      return { path, external: true };
    }
    const wanted = resolve(resolveDir, path);
    const found = existing(wanted, looked);
    if (found === undefined) {
      const closest = ['.ts', '.js', '.json', '/index.ts', '/index.js'].find((end) =>
        existsSync(wanted + end),
      );
      const text = statSync(wanted, { throwIfNoEntry: false })?.isDirectory()
        ? 'is a folder'
        : 'does not exist';
      const hint = closest && `write the whole name: ${path}${closest}`;
      return { errors: [{ text: `${path} ${text}${hint ? `; ${hint}` : ''}` }], pluginData: importer };
    }
    const end = /\.\w+$/.exec(found)?.[0] ?? '';
    if (!Object.hasOwn(LOADERS, end))
      return {
        errors: [
          {
            text: `${path} cannot be imported: code (.ts, .js) and .json can; give other files to the stage as inputs`,
          },
        ],
      };
    return found === file ? entry : { path: found };
  };
  return {
    name: 'local-imports',
    setup(esbuild) {
      esbuild.onResolve({ filter: /./ }, resolveImport);
      // What is read here is what is hashed, whatever package.json says of the folder.
      esbuild.onLoad({ filter: /./ }, ({ path: asked, namespace }) => {
        const path = namespace === ENTRY ? file : asked;
        const contents = readFileSync(path, 'utf8');
        looked.files.set(path, digestOfBytes(contents));
        const loader = LOADERS[/\.\w+$/.exec(path)?.[0] as keyof typeof LOADERS] ?? 'ts';
        return { contents, resolveDir: dirname(path), loader };
      });
    },
  };
}

/** The real path of what an import names; undefined if there is nothing. */
function existing(wanted: string, { absent, links }: Looked): string | undefined {
  const end = /\.\w+$/.exec(wanted)?.[0] ?? '';
  const source = COMPILED[end];
  const candidates = source === undefined ? [wanted] : [wanted, wanted.slice(0, -end.length) + source];
  for (const candidate of candidates) {
    if (statSync(candidate, { throwIfNoEntry: false })?.isFile()) {
      const real = realpathSync(candidate);
      if (real !== candidate) links.set(candidate, real);
      return real;
    }
    absent.add(candidate);
  }
  return undefined;
}

/** What esbuild only warns of, and would not work. */
const REFUSED: Readonly<Record<string, string>> = {
  'empty-import-meta':
    'give files to the stage as inputs: what lies next to its code is not noticed when it changes',
};

function problemOf({ id, text, location }: Message, file: string): OwnStageProblem {
  const hint = REFUSED[id] ?? (/top-level await/i.test(text) ? 'move it into `run`' : undefined);
  // esbuild counts bytes, from 0.
  const line = Buffer.from(location?.lineText ?? '');
  const column = line.subarray(0, location?.column).toString().length;
  const end = line.subarray(0, (location?.column ?? 0) + (location?.length ?? 0)).toString().length;
  return {
    message: id === 'empty-import-meta' ? '`import.meta` is not there in a stage' : text,
    ...(hint !== undefined && { hint }),
    ...(location && {
      at: {
        file: pathOf(location.file, file),
        line: location.line,
        column: column + 1,
        length: end - column,
      },
    }),
  };
}

function withAbsolutePaths(map: string, file: string): string {
  const content = JSON.parse(map) as { sources: readonly string[] };
  return JSON.stringify({ ...content, sources: content.sources.map((source) => pathOf(source, file)) });
}

/** The absolute path of what esbuild calls a file. */
function pathOf(called: string, file: string): string {
  return called === `${ENTRY}:${ENTRY}` ? file : resolve(dirname(file), called);
}
