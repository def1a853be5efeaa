import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import type { OwnCode } from '../contract/own-code.ts';
import { StageError } from '../contract/stage-context.ts';
import { digestOfBytes } from '../files/digest.ts';
import * as api from './api.ts';
import { isStageApi } from './stage-api-name.ts';

/**
 * Runs the bundle of an own stage in this process, which is one of a stage, never the planner's. Gives what its file exports.
 * Packages are found from the folder of that file, wherever the bundle is. Throws what the code throws.
 */
export function loadBundle({ file, bundle, digest }: OwnCode): unknown {
  const code = readFileSync(bundle, 'utf8');
  if (digestOfBytes(code) !== digest)
    throw new StageError(`The stored code of the stage ${file} is damaged.`, {
      hint: `Remove ${bundle}, and run again.`,
    });
  process.setSourceMapsEnabled(true); // stacks name the lines of the user's files
  const requirePackage = createRequire(file);
  // Node's own way to run a CommonJS text, which its types do not have: it knows of source maps.
  const loaded = new Module(bundle) as Module & { _compile(code: string, file: string): void };
  loaded.require = ((name: string): unknown =>
    isStageApi(name) ? api : requirePackage(name)) as NodeJS.Require;
  loaded._compile(`${code}//# sourceMappingURL=${bundle}.map\n`, bundle);
  const exported = loaded.exports as { readonly default?: unknown; readonly __esModule?: boolean };
  // A CommonJS file may export the stage itself.
  return exported?.default ?? (exported?.__esModule ? undefined : exported);
}
