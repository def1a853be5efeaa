import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freeBytes } from '../../src/files/disk-space.ts';
import { temporaryDirectory } from '../cache/temporary-directory.ts';

describe('freeBytes', () => {
  it('agrees with df', async () => {
    const directory = await temporaryDirectory();
    const kibibytes = Number(
      execFileSync('df', ['-Pk', directory], { encoding: 'utf8' }).split('\n')[1]!.split(/\s+/)[3],
    );
    const free = await freeBytes(directory);
    // Others write to the same disk meanwhile.
    expect(Math.abs(free - kibibytes * 1024)).toBeLessThan(0.1 * free);
  });

  it('is that of the nearest folder that exists', async () => {
    const directory = await temporaryDirectory();
    const free = await freeBytes(join(directory, 'not/yet/there'));
    expect(free).toBeGreaterThan(0);
  });
});
