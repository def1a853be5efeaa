#!/usr/bin/env node
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { buildId } from './build-id.ts';

interface CommandLine {
  runCommandLine(args: readonly string[]): Promise<void>;
}

/** A run that takes longer did something, and V8 forgets compiled code that is not used for a while. */
const QUICK_SECONDS = 2;

const args = process.argv.slice(2);
/** The verb that goes through most of what a script holds: what it has called is worth keeping. */
const [name, usual] = args[0] === 'run' ? ['run-line', 'run'] : ['command-line', 'plan'];
const program = join(import.meta.dirname, `${name}.cjs`);
// For each version of Node: V8 takes no other's compiled code, and looks at nothing but the source's length.
const codeFile = `${program}.${buildId?.slice(0, 16)}-${process.version}-${process.platform}-${process.arch}`;

const cachedData = compiledCode();
// The build has made the file a function of what Node gives a CommonJS file.
const script = new Script(readFileSync(program, 'latin1'), {
  filename: program,
  ...(cachedData && { cachedData }),
});
if (!cachedData || script.cachedDataRejected) process.once('exit', keepCompiledCode);
void load(script).runCommandLine(args);

/** Compiling the program takes about as long as Node's own start, so its compiled code is kept next to it. */
function compiledCode(): Buffer | undefined {
  try {
    return readFileSync(codeFile);
  } catch {
    return undefined;
  }
}

function load(script: Script): CommandLine {
  // Node gives scripts from V8's cache no import() of their own.
  const importPart = (path: string) => import(new URL(path, import.meta.url).href);
  const loaded = { exports: {}, importPart };
  script.runInThisContext()(
    loaded.exports,
    require, // the script is next to this one, and the build makes both CommonJS
    loaded,
    program,
    import.meta.dirname,
  );
  return loaded.exports as CommandLine;
}

/** V8 gives the functions that were called so far: those of a good run are the ones that the next run needs. */
function keepCompiledCode(code: number): void {
  if (args[0] !== usual || code !== 0 || process.uptime() > QUICK_SECONDS) return;
  try {
    writeFileSync(`${codeFile}.${process.pid}`, script.createCachedData());
    renameSync(`${codeFile}.${process.pid}`, codeFile);
  } catch {
    // Where pipe cannot write to its own folder, it compiles at every start.
  }
}
