import { dirname } from 'node:path';

/** Long enough for a large tree on a slow disk; a run does not wait longer for what only describes it. */
const PATIENCE_MS = 10_000;

/**
 * Whether the tree of a file has no changes that are not committed, new files included. Undefined where git cannot say, and
 * when `signal` is aborted.
 */
export async function isTreeClean(file: string, signal: AbortSignal): Promise<boolean | undefined> {
  const { execa } = await import('execa');
  const { failed, stdout } = await execa('git', ['status', '--porcelain', '--ignore-submodules=none'], {
    cwd: dirname(file),
    reject: false,
    timeout: PATIENCE_MS,
    cancelSignal: signal,
    stdin: 'ignore',
    // Looking must not take the lock that a commit of the user needs.
    env: { GIT_OPTIONAL_LOCKS: '0' },
  });
  return failed ? undefined : stdout === '';
}
