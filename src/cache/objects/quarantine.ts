import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../files/durable.ts';

/**
 * Moves a damaged file of the cache out of use, under `quarantine/`, where it can be looked at. Returns its
 * new path; undefined where it stays (the cache is read-only) or another process was faster.
 */
export async function quarantine(
  cacheDirectory: string,
  path: string,
  name: string,
): Promise<string | undefined> {
  const directory = join(cacheDirectory, 'quarantine');
  const quarantined = join(directory, `${name}-${randomUUID().slice(0, 8)}`);
  try {
    await makeDirectory(directory);
    await rename(path, quarantined);
    return quarantined;
  } catch {
    return undefined;
  }
}
