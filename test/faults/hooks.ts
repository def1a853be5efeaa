import { resolve } from 'node:path';
import type { Attacked } from './attacked.ts';

/** Environment that makes an operation of one of pipe's processes fail. */
export interface Failure {
  /** The end of the program's name. */
  readonly process: 'pipe.cjs' | 'stage-host.cjs';
  readonly code: string;
  /** The how many-th operation. */
  readonly at: number;
  /** All later ones fail too, as on a disk that stays full. */
  readonly lasts: boolean;
}

/** Environment in which every process of pipe loads one of the programs beside this file, with its settings. */
function hook(program: string, settings: object): Record<string, string> {
  return {
    NODE_OPTIONS: `--require=${resolve(import.meta.dirname, program)}`,
    FAULT_HOOK: JSON.stringify(settings),
  };
}

/** For a run in which an operation fails; the file `hits` then says which one. */
export function failing({ artifacts }: Attacked, failure: Failure, hits: string): Record<string, string> {
  return hook('fail-operation.cjs', { folder: artifacts, ...failure, hits });
}

/** For a run whose runner appends its file operations to the file `log`. */
export function recorded({ artifacts }: Attacked, log: string): Record<string, string> {
  return hook('record-operations.cjs', { folder: artifacts, process: 'pipe.cjs', log });
}

/** For a run whose clock is off by so many milliseconds. */
export function withClock(milliseconds: number): Record<string, string> {
  return hook('shift-clock.cjs', { clock: milliseconds });
}
