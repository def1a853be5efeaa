#!/usr/bin/env node
// Builds dist/: the command line, the process that runs a stage, and the one that tries an engine. Runs on `npm ci`
// (through `prepare`), before the tests, and by hand as `npm run build`.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { importSource, root } from './import-source.mjs';

const dist = join(root, 'dist');

const entries = {
  pipe: 'src/cli/main.ts',
  'stage-host': 'src/stage-host.ts',
  'engine-probe': 'src/engine-probe.ts',
};

/** Heavy, native, or found by path next to their own files: these stay in node_modules and load only when needed. */
const external = ['@tensorflow/*', 'js-tiktoken', 'onnxruntime-node', 'webgpu'];

/**
 * src/cli/validators.ts compiles the schemas of all stage types where pipe runs from its sources. That costs 100 ms and
 * ajv's compiler, so in dist/ the file is replaced by the code that ajv generates.
 */
const compiledValidators = {
  name: 'compiled-validators',
  setup(esbuild) {
    esbuild.onLoad({ filter: /[\\/]src[\\/]cli[\\/]validators\.ts$/ }, async () => {
      const { stageTypes, compileValidators } = await importSource(
        `export { stageTypes } from './src/stages/index.ts';
         export { compileValidators } from './src/pipeline/validators.ts';`,
      );
      const { source } = compileValidators(stageTypes);
      return { contents: source, loader: 'js', resolveDir: join(root, 'src/cli') };
    });
  },
};

/** `npx pipe` looks into node_modules/.bin, where npm links the programs of dependencies but not the project's own. */
async function linkProgram() {
  const link = join(root, 'node_modules/.bin/pipe');
  await mkdir(dirname(link), { recursive: true });
  const draft = `${link}.${process.pid}`;
  await symlink('../../dist/pipe.js', draft);
  await rename(draft, link);
}

/** Files appear whole and only where they changed, so a build does not disturb a pipe that runs meanwhile. */
async function writeOutputs(outputFiles) {
  for (const { path, contents } of outputFiles) {
    if (existsSync(path) && (await readFile(path)).equals(contents)) continue;
    await mkdir(dirname(path), { recursive: true });
    const draft = `${path}.${process.pid}`;
    await writeFile(draft, contents, { mode: path === join(dist, 'pipe.js') ? 0o755 : 0o644 });
    await rename(draft, path);
  }
  const current = new Set(outputFiles.map(({ path }) => path));
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (/\.(js|txt)$/.test(path) && !current.has(path)) await rm(path, { force: true });
  }
}

const { outputFiles } = await build({
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  write: false,
  entryPoints: Object.entries(entries)
    .filter(([, file]) => existsSync(join(root, file)))
    .map(([out, file]) => ({ in: file, out })),
  outdir: dist,
  splitting: true,
  // Names stay, for stacks that people can report.
  minifyWhitespace: true,
  minifySyntax: true,
  chunkNames: 'chunks/[name]-[hash]',
  legalComments: 'linked',
  external,
  plugins: [compiledValidators],
  // Bundled CommonJS packages call require for Node's own modules.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module';const require = requireFrom(import.meta.url);",
  },
});
await writeOutputs(outputFiles);
await linkProgram();
