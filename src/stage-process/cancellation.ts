import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { tryWatch } from '../files/try-watch.ts';

/** How often the file is looked for where the file system does not tell (network file systems, watch limits). */
const POLL_MS = 500;

/** The reason of the signal that a stage sees when its run is cancelled. */
class CancelledError extends Error {
  override readonly name = 'CancelledError';
  constructor() {
    super('the run was cancelled');
  }
}

/** A signal that is aborted when `file` appears, or on SIGTERM, as batch systems send it before they kill. */
export function cancellationSignal(file: string): AbortSignal {
  const controller = new AbortController();
  const cancel = () => {
    controller.abort(new CancelledError());
    clearInterval(poll);
    watcher?.close();
  };
  const look = () => {
    if (existsSync(file)) cancel();
  };
  process.on('SIGTERM', cancel);
  const poll = setInterval(look, POLL_MS).unref();
  const watcher = tryWatch(dirname(file), { persistent: false }, (name) => {
    if (name === basename(file)) cancel();
  });
  look();
  return controller.signal;
}
