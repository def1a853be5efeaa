import { join } from 'node:path';
import { projectRoot } from './project-root.ts';

/** Path of something that comes with pipe, wherever the code lies in it: dist/, dist/chunks/ or src/cli/. */
export function packagePath(...parts: readonly string[]): string {
  return join(projectRoot(import.meta.dirname), ...parts);
}
