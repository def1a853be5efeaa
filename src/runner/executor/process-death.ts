import { open, rm, writeFile } from 'node:fs/promises';
import { CacheError, explained, orAbsent } from '../../files/system-problem.ts';

const LAST_BYTES = 4096;
const LAST_LINES = 8;
/** More than any result takes that could not be written. */
const PROBE_BYTES = 64 * 1024;

export interface ProcessExit {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

/**
 * What to report of a stage's process that ended without a result: why it could not write one at `resultFile`, or
 * else how it ended and the last that it printed to `log`.
 */
export async function describeDeath(
  { exitCode, signal }: ProcessExit,
  log: string,
  resultFile: string,
): Promise<{ message: string; hint: string }> {
  const obstacle = signal === undefined ? await obstacleTo(resultFile) : undefined;
  if (obstacle) return obstacle;
  const exited = exitCode === undefined ? 'ended' : `exited with code ${exitCode}`;
  const how = signal === undefined ? exited : `was ended by ${signal}`;
  const last = await lastLines(log);
  return {
    message: `the stage's process ${how} and left no result${last === '' ? '' : `; it last printed:\n${last}`}`,
    hint:
      signal === 'SIGKILL'
        ? 'Was it out of memory? See `dmesg`, and try a smaller batch or a smaller model.'
        : `Everything that it printed is in ${log}.`,
  };
}

/** A process on a full disk cannot leave word of it. Whoever writes in its place gets the same answer from the system. */
async function obstacleTo(resultFile: string): Promise<{ message: string; hint: string } | undefined> {
  const probe = `${resultFile}.probe`;
  try {
    await explained('store the result of the stage', async () => {
      await writeFile(probe, Buffer.alloc(PROBE_BYTES));
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof CacheError)) throw error;
    return { message: error.message, hint: error.hint };
  } finally {
    await rm(probe, { force: true });
  }
}

async function lastLines(file: string): Promise<string> {
  const handle = await orAbsent(open(file, 'r'));
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - LAST_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(LAST_BYTES), 0, LAST_BYTES, start);
    const lines = buffer.toString('utf8', 0, bytesRead).trimEnd().split('\n');
    return lines
      .slice(start > 0 ? 1 : 0)
      .slice(-LAST_LINES)
      .join('\n');
  } finally {
    await handle.close();
  }
}
