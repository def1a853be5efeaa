import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { listDirectory } from '../../src/cache/directory-listing.ts';
import { temporaryDirectory } from './temporary-directory.ts';

describe('listDirectory', () => {
  it('lists files with their mode and directories that are empty', async () => {
    const root = await temporaryDirectory();
    await mkdir(join(root, 'a/empty'), { recursive: true });
    await writeFile(join(root, 'a/tool'), '');
    await chmod(join(root, 'a/tool'), 0o755);
    await writeFile(join(root, 'plain'), '');
    const { files, emptyDirectories } = await listDirectory(root);
    expect(files.toSorted((one, other) => one.path.localeCompare(other.path))).toEqual([
      { path: 'a/tool', source: join(root, 'a/tool'), executable: true },
      { path: 'plain', source: join(root, 'plain'), executable: false },
    ]);
    expect(emptyDirectories).toEqual(['a/empty']);
  });

  it('composes decomposed names', async () => {
    const root = await temporaryDirectory();
    await mkdir(join(root, 'e\u0301'));
    await writeFile(join(root, 'e\u0301', 'o\u0308'), '');
    expect((await listDirectory(root)).files).toEqual([
      { path: 'é/ö', source: join(root, 'e\u0301', 'o\u0308'), executable: false },
    ]);
  });

  it('refuses a symbolic link, also one to a directory or to nothing', async () => {
    for (const target of ['file', '.', 'nothing']) {
      const root = await temporaryDirectory();
      await writeFile(join(root, 'file'), '');
      await symlink(target, join(root, 'link'));
      await expect(listDirectory(root)).rejects.toThrow(`${join(root, 'link')}: it is a symbolic link`);
    }
  });

  it('refuses a special file', async () => {
    const root = await temporaryDirectory();
    execFileSync('mkfifo', [join(root, 'queue')]);
    await expect(listDirectory(root)).rejects.toThrow(`${join(root, 'queue')}: it is neither`);
  });

  it.each([
    ['case', 'Data', 'data'],
    ['normalization', 'é', 'e\u0301'],
  ])('refuses names that differ only in %s, naming both', async (_, one, other) => {
    const root = await temporaryDirectory();
    await mkdir(join(root, 'in', one), { recursive: true });
    await mkdir(join(root, 'in', other)).catch(() => {});
    if ((await readdir(join(root, 'in'))).length < 2) return; // This file system cannot hold both: nothing can go wrong here.
    const listing = listDirectory(root);
    await expect(listing).rejects.toThrow(join(root, 'in', one));
    await expect(listing).rejects.toThrow(join(root, 'in', other));
  });

  it.runIf(process.platform === 'linux')('refuses a name that is not UTF-8', async () => {
    const root = await temporaryDirectory();
    await writeFile(Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.from([0xff])]), '');
    await expect(listDirectory(root)).rejects.toThrow('its name is not UTF-8');
  });
});
