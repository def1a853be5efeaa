#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

interface CommandLine {
  runCommandLine(args: readonly string[]): Promise<void>;
}

const requireHere = createRequire(import.meta.url);
const program = join(import.meta.dirname, 'command-line.cjs');

const { runCommandLine } = compiledProgram() ?? requiredProgram();
void runCommandLine(process.argv.slice(2));

/**
 * The command line with the compiled code that the build left beside it (scripts/write-code-cache.mjs): compiling it takes
 * about as long as Node's own start. Undefined for other versions of Node than the build's.
 */
function compiledProgram(): CommandLine | undefined {
  let cachedData: Buffer;
  try {
    cachedData = readFileSync(`${program}.${process.version}-${process.platform}-${process.arch}`);
  } catch {
    return undefined;
  }
  const script = new Script(module.wrap(readFileSync(program, 'latin1')), { filename: program, cachedData });
  // Node gives scripts from V8's cache no import() of their own.
  const importPart = (path: string) => import(new URL(path, import.meta.url).href);
  const loaded = { exports: {}, importPart };
  script.runInThisContext()(loaded.exports, requireHere, loaded, program, import.meta.dirname);
  return loaded.exports as CommandLine;
}

function requiredProgram(): CommandLine {
  // Node 22 and later keep compiled code between runs themselves.
  (module as { enableCompileCache?: () => void }).enableCompileCache?.();
  return requireHere(program) as CommandLine;
}
