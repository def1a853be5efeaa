import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { orAbsent } from '../../files/system-problem.ts';

/** What has not been written to for so long is asked or read anew when somebody wants it again. */
const OLD_MS = 30 * 24 * 60 * 60 * 1000;
/** Folders of the cache that only save work. Answers of judges are marked as they are used (see item-memory.ts). */
const FOLDERS = ['file-inputs', 'observed', 'pipelines', 'items', 'quarantine', 'tmp'];

/** Removes what is remembered and nobody has needed for a month. What cannot be removed stays. */
export async function removeOldMemos(cacheDirectory: string): Promise<void> {
  const now = Date.now();
  for (const folder of FOLDERS) {
    const path = join(cacheDirectory, folder);
    const entries = (await orAbsent(readdir(path, { recursive: true, withFileTypes: true }))) ?? [];
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      const state = await orAbsent(stat(file));
      if (state !== undefined && now - state.mtimeMs > OLD_MS)
        await rm(file, { force: true }).catch(() => {});
    }
  }
}
