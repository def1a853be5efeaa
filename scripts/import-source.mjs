// Imports TypeScript modules of this project from a script, as one bundle.
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** The module that TypeScript `code` makes; paths in it are relative to the root of the project. */
export async function importSource(code, plugins = []) {
  // Inside node_modules, so that packages are found from there.
  const file = join(root, 'node_modules/.cache/pipe', `${randomUUID()}.mjs`);
  await build({
    stdin: { contents: code, resolveDir: root, loader: 'ts' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    plugins,
    outfile: file,
    logLevel: 'warning',
  });
  try {
    return await import(pathToFileURL(file).href);
  } finally {
    await rm(file, { force: true });
  }
}
