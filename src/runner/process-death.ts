import { open } from 'node:fs/promises';

const LAST_BYTES = 4096;
const LAST_LINES = 8;

export interface ProcessExit {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

/** What to tell of a stage's process that ended without a result: how, and the last that it printed. */
export async function describeDeath(
  { exitCode, signal }: ProcessExit,
  log: string,
): Promise<{ message: string; hint: string }> {
  const how = signal === undefined ? `exited with code ${exitCode}` : `was ended by ${signal}`;
  const last = await lastLines(log);
  return {
    message: `the stage's process ${how} and left no result${last === '' ? '' : `; it last printed:\n${last}`}`,
    hint:
      signal === 'SIGKILL'
        ? 'Was it out of memory? See `dmesg`, and try a smaller batch or a smaller model.'
        : `Everything that it printed is in ${log}.`,
  };
}

async function lastLines(file: string): Promise<string> {
  const handle = await open(file, 'r');
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
