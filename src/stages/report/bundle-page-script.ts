import { join } from 'node:path';
import { buildSync } from 'esbuild';

/** The program of the page as text: main.ts in `folder` with all that it imports. */
export function bundlePageScript(folder: string): string {
  const { outputFiles } = buildSync({
    entryPoints: [join(folder, 'main.ts')],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: 'es2022',
    charset: 'ascii',
    logLevel: 'warning',
  });
  return outputFiles[0]!.text.trim();
}
