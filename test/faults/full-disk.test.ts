import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { afterAll, describe, it } from 'vitest';
import { digests } from '../cli/rig.ts';
import { Attacked } from './attacked.ts';
import { failedWithMessage, succeeded } from './promises.ts';
import { LONG } from './seeded.ts';
import { Tally } from './tally.ts';

/** Sizes of the disk in kB: from one that holds nothing to one that holds all. */
const LARGEST = 1500;
const STEP = LONG ? 12 : 250;

/** Whether this user may mount a file system in memory. */
function mayMount(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  }
}

describe('a disk that is full', () => {
  const attacked = new Attacked(['data', 'large', 'folder', 'session']);
  const disk = attacked.project.path('disk');
  mkdirSync(disk);
  afterAll(() => attacked.remove());

  it.skipIf(!mayMount(disk))(
    'is named at every size, and harms nothing',
    { timeout: 1_800_000 },
    async (context) => {
      const reference = digests((await attacked.run()).events);
      const tally = new Tally();
      for (let size = 8; size <= LARGEST; size += STEP) {
        await tally.round('a disk of some size', size, async () => {
          execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}k`, 'tmpfs', disk]);
          try {
            const run = await attacked.run(['--artifacts', disk, '--jobs', '2']);
            if (run.code !== 0) failedWithMessage(run, /disk is full|no space/i);
            else succeeded(run, reference);
            execFileSync('mount', ['-o', 'remount,size=16m', disk]);
            succeeded(await attacked.run(['--artifacts', disk]), reference);
            return run.code === 0 ? 'it fits' : 'named, and right after it was enlarged';
          } finally {
            execFileSync('umount', ['--lazy', disk]);
          }
        });
      }
      tally.finish(context);
    },
  );
});
