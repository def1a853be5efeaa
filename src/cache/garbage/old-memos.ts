import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { filesBelow } from '../../files/files-below.ts';
import { orAbsent } from '../../files/system-problem.ts';

/** What has not been written to for so long is asked or read anew when somebody wants it again. */
const OLD_MS = 30 * 24 * 60 * 60 * 1000;
/** Folders of the cache that only save work. Answers of judges are marked as they are used (see item-memory.ts). */
const FOLDERS = ['file-inputs', 'observed', 'own-stages', 'pipelines', 'items', 'quarantine', 'tmp'];

/** Removes what is remembered and nobody has needed for a month. What cannot be removed stays. */
export async function removeOldMemos(cacheDirectory: string): Promise<void> {
  const now = Date.now();
  for (const folder of FOLDERS) {
    for (const file of await filesBelow(join(cacheDirectory, folder))) {
      const state = await orAbsent(lstat(file));
      if (state?.isFile() && now - state.mtimeMs > OLD_MS) await rm(file, { force: true }).catch(() => {});
    }
  }
}
