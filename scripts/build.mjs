#!/usr/bin/env node
// Builds dist/: the command line, the process that runs a stage, and the one that tries an engine. Runs on `npm ci`
// (through `prepare`), before the tests, and by hand as `npm run build`. With `--debug` the code keeps its lines and its
// source maps, so that a debugger shows the sources.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';
import {
  bundledPageScript,
  compiledValidators,
  modulesOnCall,
  partsApart,
  plainSchemas,
  plainTypeBox,
  withoutSubprograms,
} from './build-plugins.mjs';
import { root } from './import-source.mjs';

const dist = join(root, 'dist');
const debug = process.argv.includes('--debug');

/** Heavy, native, or found by path next to their own files: these stay in node_modules and load only when needed. */
const external = [
  '@kubernetes/client-node',
  '@tensorflow/*',
  'esbuild',
  'node-llama-cpp',
  'onnxruntime-node',
  'webgpu',
];

/** `npx pipe` looks into node_modules/.bin, where npm links the programs of dependencies but not the project's own. */
async function linkProgram() {
  const link = join(root, 'node_modules/.bin/pipe');
  await mkdir(dirname(link), { recursive: true });
  const draft = `${link}.${process.pid}`;
  await symlink('../../dist/pipe.cjs', draft);
  await rename(draft, link);
}

/** What identifies the code of a build: its sources, the packages in it and how it is made. */
function digestOfSources() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  for (const folder of ['src', 'scripts']) {
    for (const path of readdirSync(join(root, folder), { recursive: true }).sort()) {
      if (/\.(ts|mjs)$/.test(path)) hash.update(`\0${path}\0`).update(readFileSync(join(root, folder, path)));
    }
  }
  return hash.digest('hex');
}

/** The types of `@pipe-ml/pipe/stage`. Its file imports nothing, so they are made of it alone. */
function stageTypes() {
  const file = join(root, 'src/own-stages/api.ts');
  const { outputText, diagnostics } = ts.transpileDeclaration(readFileSync(file, 'utf8'), {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: { isolatedDeclarations: true, declaration: true },
  });
  if (diagnostics?.length) throw new Error(ts.formatDiagnostics(diagnostics, ts.createCompilerHost({})));
  return { path: join(dist, 'stage.d.ts'), contents: Buffer.from(outputText) };
}

/** Files appear whole and only where they changed, so a build does not disturb a pipe that runs meanwhile. */
async function writeOutputs(outputFiles) {
  for (const { path, contents } of outputFiles) {
    if (existsSync(path) && (await readFile(path)).equals(contents)) continue;
    await mkdir(dirname(path), { recursive: true });
    const draft = `${path}.${process.pid}`;
    await writeFile(draft, contents, { mode: path === join(dist, 'pipe.cjs') ? 0o755 : 0o644 });
    await rename(draft, path);
  }
  const current = new Set(outputFiles.map(({ path }) => path));
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (/\.(c?js|txt)$/.test(path) && !current.has(path)) await rm(path, { force: true });
  }
}

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  write: false,
  outdir: dist,
  // Names stay, for stacks that people can report.
  minifyWhitespace: !debug,
  minifySyntax: !debug,
  sourcemap: debug && 'inline',
  legalComments: 'linked',
  external,
};

// `@pipe-ml/pipe/stage`, which stages of the user's own import, is a module that anybody can load.
const entryPoints = { 'engine-probe': 'src/engine-probe.ts', stage: 'src/own-stages/api.ts' };

// The command line is a script, because V8 can keep the compiled code of scripts, not of modules: a run that has nothing
// to do must not take much longer than Node itself (bench/no-op.mjs). So `pipe run` is a script without the other verbs.
// These are a second script with all that they share with a run: as modules that share it, `pipe plan` and `pipe why`
// take 40 ms longer. What starts them, and the process of a stage, are CommonJS because Node loads one script with less
// work than modules: a stage's process takes half as much processor time to start.
const program = await build({
  ...shared,
  format: 'cjs',
  entryPoints: {
    pipe: 'src/cli/main.ts',
    'command-line': 'src/cli/command-line.ts',
    'run-line': 'src/cli/run-line.ts',
    'stage-host': 'src/stage-host.ts',
    'job-host': 'src/job-host.ts',
  },
  outExtension: { '.js': '.cjs' },
  define: {
    'import.meta.url': 'moduleUrl',
    'import.meta.dirname': '__dirname',
    BUILD_ID: JSON.stringify(digestOfSources()),
  },
  banner: {
    js: `const moduleUrl = require('node:url').pathToFileURL(__filename).href;
const importPart = module.importPart ?? ((path) => import(path));`,
  },
  plugins: [compiledValidators, plainSchemas, withoutSubprograms, modulesOnCall, partsApart(entryPoints)],
});

// What loads the script decides how it imports its parts (src/cli/main.ts). The two scripts of which V8 keeps the compiled code
// are the function that Node makes of any CommonJS file: wrapping 400 KB of text at every start takes a millisecond.
for (const file of program.outputFiles.filter(({ path }) => path.endsWith('.cjs'))) {
  const text = file.text.replaceAll('import("./parts/', 'importPart("./parts/');
  const isWrapped = file.path.endsWith('-line.cjs');
  file.contents = Buffer.from(isWrapped ? module.wrap(text) : text);
}

// All the rest are modules that share their code.
const modules = await build({
  ...shared,
  format: 'esm',
  entryPoints,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  plugins: [compiledValidators, plainTypeBox, bundledPageScript],
  // Bundled CommonJS packages call require for Node's own modules.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module';const require = requireFrom(import.meta.url);",
  },
});
await writeOutputs([...modules.outputFiles, ...program.outputFiles, stageTypes()]);
await linkProgram();
try {
  execFileSync(process.execPath, [join(root, 'scripts/write-code-cache.mjs')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
} catch {
  console.warn(
    'pipe was built, but a small run with it failed (above); without its compiled code it starts slower.',
  );
}
