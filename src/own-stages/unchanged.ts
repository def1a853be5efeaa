import { existsSync, readFileSync, realpathSync } from 'node:fs';
import type { LoadedOwnStage } from '../contract/own-stage.ts';
import { digestOfBytes } from '../files/digest.ts';

/** Whether all that a stage was made of is as it was, and its stored code is undamaged. */
export function isUnchanged({ code, files, absent, links }: LoadedOwnStage): boolean {
  try {
    return (
      absent.every((path) => !existsSync(path)) &&
      Object.entries(links).every(([path, real]) => realpathSync(path) === real) &&
      digestNow(code.bundle) === code.digest &&
      Object.entries(files).every(([path, digest]) => digestNow(path) === digest)
    );
  } catch {
    return false; // something is not there any more
  }
}

function digestNow(path: string): string {
  return digestOfBytes(readFileSync(path, 'utf8'));
}
