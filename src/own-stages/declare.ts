import { writeFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { OwnCode } from '../contract/own-code.ts';
import type { OwnDeclaration } from '../contract/own-stage.ts';
import { declarationOf, WrongDeclaration } from './declaration.ts';
import { loadBundle } from './load-bundle.ts';

/** How often it is looked whether whoever asked still lives. */
const LOOK_MS = 200;

/** What the process that looks at a stage's declarations leaves. */
export type Declared =
  | { readonly declaration: OwnDeclaration }
  | { readonly problem: string; readonly hint?: string };

/**
 * The whole life of a process that looks at what a stage declares: writes it to `file`, and exits. `parent`: id of the
 * process that asked, with which it ends. Never returns.
 */
export function declareOwnStage(code: OwnCode, file: string, parent: number): never {
  endWith(parent);
  writeFileSync(file, JSON.stringify(declared(code)));
  process.exit(0); // what the stage has begun when it was loaded is not waited for
}

/** Ends this process and what it started when its parent dies. A thread sees that while the stage's code is in a loop. */
function endWith(parent: number): void {
  new Worker(
    `setInterval(() => process.ppid === ${parent} || process.kill(-process.pid, 'SIGKILL'), ${LOOK_MS})`,
    { eval: true },
  );
}

function declared(code: OwnCode): Declared {
  try {
    return { declaration: declarationOf(loadBundle(code)) };
  } catch (error) {
    if (error instanceof WrongDeclaration)
      return { problem: error.message, ...(error.hint !== undefined && { hint: error.hint }) };
    console.error(error);
    return {
      problem: `it cannot be loaded: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
    };
  }
}
