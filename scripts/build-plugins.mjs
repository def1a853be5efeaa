// What the build does to the command line's code; build.mjs says why it must load quickly.
import crypto from 'node:crypto';
import promises from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import timersPromises from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { importSource, root } from './import-source.mjs';

const DECLARATIONS = `
  export { stageTypes } from './src/stages/index.ts';
  export { PipelineSchema, StageSchema } from './src/pipeline/schema/pipeline-schema.ts';`;

/**
 * src/cli/validators.ts compiles the schemas of all stage types where pipe runs from its sources. That costs 100 ms and
 * ajv's compiler, so in dist/ the code that ajv generates stands in its place.
 */
export const compiledValidators = {
  name: 'compiled-validators',
  setup(esbuild) {
    esbuild.onLoad({ filter: /[\\/]src[\\/]cli[\\/]validators\.ts$/ }, async () => {
      const { stageTypes, compileValidators } = await importSource(
        `${DECLARATIONS} export { compileValidators } from './src/pipeline/schema/compile-validators.ts';`,
      );
      const { source } = compileValidators(stageTypes);
      return { contents: source, loader: 'js', resolveDir: join(root, 'src/cli') };
    });
  },
};

/** Schemas are written with TypeBox, and are plain data when pipe runs: plain-typebox.mjs makes the same data. */
export const plainSchemas = {
  name: 'plain-schemas',
  setup(esbuild) {
    plainTypeBox.setup(esbuild);
    esbuild.onStart(async () => {
      const written = await importSource(DECLARATIONS);
      const plain = await importSource(DECLARATIONS, [plainTypeBox]);
      for (const [name, schema] of Object.entries(schemasOf(written))) {
        if (!isDeepStrictEqual(schema, schemasOf(plain)[name])) {
          return {
            errors: [{ text: `scripts/plain-typebox.mjs makes another schema of ${name} than TypeBox` }],
          };
        }
      }
    });
  },
};

/** src/stages/report/page-script.ts bundles the script of a page; in dist/ the text stands in its place. */
export const bundledPageScript = {
  name: 'bundled-page-script',
  setup(esbuild) {
    esbuild.onLoad({ filter: /[\\/]src[\\/]stages[\\/]report[\\/]page-script\.ts$/ }, async () => {
      const { bundlePageScript } = await importSource(
        "export { bundlePageScript } from './src/stages/report/bundle-page-script.ts';",
      );
      const script = bundlePageScript(join(root, 'src/stages/report/page-script'));
      return { contents: `export const pageScript = ${JSON.stringify(script)};`, loader: 'js' };
    });
  },
};

/** TypeBox as its plain part, without the check. */
export const plainTypeBox = {
  name: 'plain-typebox',
  setup(esbuild) {
    const path = join(root, 'scripts/plain-typebox.mjs');
    esbuild.onResolve({ filter: /^typebox$/ }, () => ({ path }));
  },
};

function schemasOf({ stageTypes, ...schemas }) {
  const settings = [...stageTypes.values()].map((type) => [type.uses, type.settings]);
  return JSON.parse(JSON.stringify({ ...schemas, ...Object.fromEntries(settings) }));
}

/** commander can start sub-commands that are programs of their own; pipe has none, and the module takes 3 ms to load. */
export const withoutSubprograms = {
  name: 'without-subprograms',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]node_modules[\\/]commander[\\/]/.test(importer) ? { path: 'none', namespace: 'none' } : undefined,
    );
    esbuild.onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: '' }));
  },
};

/** Modules of which the code only calls functions, and how to get each. */
const ON_CALL = {
  'node:fs/promises': { module: promises, load: "require('fs').promises" },
  'node:timers/promises': { module: timersPromises, load: "require('timers/promises')" },
  'node:crypto': { module: crypto, load: "require('crypto')" },
};

/**
 * Node loads all of a module with the first import of it. Here that is the first call: a run with nothing to do makes none
 * of fs/promises (2 ms) and timers/promises, and the process of most stages none of crypto (5 ms).
 */
export const modulesOnCall = {
  name: 'modules-on-call',
  setup(esbuild) {
    esbuild.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' && path in ON_CALL ? { path, namespace: 'on-call' } : undefined,
    );
    esbuild.onLoad({ filter: /./, namespace: 'on-call' }, ({ path }) => {
      const { module, load } = ON_CALL[path];
      const functions = Object.entries(Object.getOwnPropertyDescriptors(module)).filter(
        ([, { value }]) => typeof value === 'function',
      );
      return {
        contents: functions
          .map(([name]) => `export const ${name} = (...args) => ${load}.${name}(...args);`)
          .join('\n'),
      };
    });
  },
};

/** What a run with nothing to do does not need: modules of src, and packages. */
const APART = [
  'execa',
  'reporters/live-tree',
  'cli/run/run-detached',
  'cli/run/failed-baselines',
  'cli/compare/tell-regression',
  'cli/open/load-file',
  'cli/pages/index-page',
  'cli/init/start-project',
  'cli/annotate-diagnostics',
  'cache/remote/remote-cache',
  'cache/remote/trust/signing-key',
  'cache/remote/trust/trusted-keys',
  'cache/remote/stores/open-store',
  'pipeline/diagnostics/format-diagnostics',
  'pipeline/yaml/add-setting',
  'runner/why/explain-in-run',
  'runner/why/why',
  'runner/executor/open-executor',
  'engine/choose-engine',
];

/** What a stage type imports when it is at work, and is so small that loading a module takes longer than the work. */
const TOGETHER = ['stages/command/run-command'];

/**
 * Leaves what stage types import when they are at work, and what only a run that starts something needs, out of the
 * command line's script: they become modules of their own, `parts/NAME.js`. `entryPoints` fills with those that are met.
 */
export function partsApart(entryPoints) {
  return {
    name: 'parts-apart',
    setup(esbuild) {
      esbuild.onResolve({ filter: /./ }, ({ kind, path, importer }) => {
        if (kind !== 'dynamic-import' || isBuiltin(path)) return undefined;
        const file = path.startsWith('.') ? resolve(dirname(importer), path) : path;
        const name = path.startsWith('.') ? relative(join(root, 'src'), file).replace(/\.ts$/, '') : path;
        const ofStage = /[\\/]src[\\/]stages[\\/]/.test(importer);
        if (TOGETHER.includes(name) || (!ofStage && !APART.includes(name))) return undefined;
        entryPoints[`parts/${name}`] = file;
        return { path: `./parts/${name}.js`, external: true };
      });
    },
  };
}
