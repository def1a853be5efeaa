import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isExecutable, listDirectory } from '../../src/files/directory-listing.ts';
import { cannotRead } from '../../src/files/unfit-source.ts';
import { temporaryDirectory } from '../cache/temporary-directory.ts';

describe('listDirectory', () => {
  it('lists files with their state and directories that are empty', async () => {
    const root = await temporaryDirectory();
    await mkdir(join(root, 'a/empty'), { recursive: true });
    await writeFile(join(root, 'a/tool'), '');
    await chmod(join(root, 'a/tool'), 0o755);
    await writeFile(join(root, 'plain'), '');
    const { files, emptyDirectories } = await listDirectory(root);
    expect(
      files
        .toSorted((one, other) => one.path.localeCompare(other.path))
        .map(({ path, source, state }) => [path, source, isExecutable(state)]),
    ).toEqual([
      ['a/tool', join(root, 'a/tool'), true],
      ['plain', join(root, 'plain'), false],
    ]);
    expect(emptyDirectories).toEqual(['a/empty']);
  });

  it('composes decomposed names', async () => {
    const root = await temporaryDirectory();
    await mkdir(join(root, 'e\u0301'));
    await writeFile(join(root, 'e\u0301', 'o\u0308'), '');
    expect((await listDirectory(root)).files).toEqual([
      expect.objectContaining({ path: 'é/ö', source: join(root, 'e\u0301', 'o\u0308') }),
    ]);
  });

  it('keeps a byte order mark that a name begins with', async () => {
    const root = await temporaryDirectory();
    await writeFile(join(root, '\ufeffname'), '');
    expect((await listDirectory(root)).files.map(({ path }) => path)).toEqual(['\ufeffname']);
  });

  it('follows symbolic links, in the directory and out of it', async () => {
    const [root, outside] = [await temporaryDirectory(), await temporaryDirectory()];
    await mkdir(join(outside, 'deep'));
    await writeFile(join(outside, 'deep/blob'), 'outside');
    await writeFile(join(root, 'step-100'), 'inside');
    await symlink('step-100', join(root, 'latest'));
    await symlink('latest', join(root, 'link-to-link'));
    await symlink(join(outside, 'deep/blob'), join(root, 'weights'));
    await symlink(outside, join(root, 'one'));
    await symlink(outside, join(root, 'two')); // the same directory twice is no circle
    const { files } = await listDirectory(root);
    expect(files.map(({ path, state }) => `${path} ${state.size}`).sort()).toEqual([
      'latest 6',
      'link-to-link 6',
      'one/deep/blob 7',
      'step-100 6',
      'two/deep/blob 7',
      'weights 7',
    ]);
  });

  it('refuses links that multiply, and names one of them', { timeout: 60_000 }, async () => {
    const root = await temporaryDirectory();
    for (let level = 0; level < 30; level++) {
      await mkdir(join(root, `d${level}`));
      for (const name of ['one', 'two']) await symlink(`../d${level + 1}`, join(root, `d${level}`, name));
    }
    await mkdir(join(root, 'd30'));
    await expect(listDirectory(root)).rejects.toThrow(
      /\/(one|two): it is a symbolic link to \.\.\/d\d+, and links like it show the same files 100,000 times/,
    );
  });

  it('refuses links beyond what a system follows', async () => {
    const [root, outside] = [await temporaryDirectory(), await temporaryDirectory()];
    for (let level = 0; level < 50; level++) {
      await mkdir(join(outside, `d${level}`));
      await symlink(`../d${level + 1}`, join(outside, `d${level}`, 'next'));
    }
    await mkdir(join(outside, 'd50'));
    await symlink(join(outside, 'd0'), join(root, 'first'));
    await expect(listDirectory(root)).rejects.toThrow(
      /next: it is a symbolic link to \.\.\/d32, reached through more than 32 other links/,
    );
  });

  it.each(['/', '..', '../..'])('refuses a link to %s before it is followed', async (target) => {
    const root = join(await temporaryDirectory(), 'data');
    await mkdir(root);
    await symlink(target, join(root, 'all'));
    await expect(listDirectory(root)).rejects.toThrow(
      `it is a symbolic link to ${target}, a directory that the link is in`,
    );
  });

  it.each([
    ['nothing', 'nowhere', 'symbolic link to nowhere, and there is nothing'],
    ['itself', 'link', 'symbolic link to link, which leads back to the link'],
    ['its directory', '.', 'symbolic link to ., a directory that the link is in'],
    ['a parent', '../../in', 'symbolic link to ../../in, a directory that the link is in'],
    ['a device', '/dev/null', 'symbolic link to /dev/null, which is neither a file nor a directory'],
  ])('refuses a link to %s', async (_, target, message) => {
    const root = await temporaryDirectory();
    await mkdir(join(root, 'in/a'), { recursive: true });
    await symlink(target, join(root, 'in/a/link'));
    const listing = listDirectory(join(root, 'in'));
    await expect(listing).rejects.toThrow(`${join(root, 'in/a/link')}: it is a ${message}`);
    await expect(listing).rejects.toMatchObject({
      name: 'StageError',
      hint: expect.stringContaining('Remove'),
    });
  });

  it('refuses a special file', async () => {
    const root = await temporaryDirectory();
    execFileSync('mkfifo', [join(root, 'queue')]);
    await expect(listDirectory(root)).rejects.toMatchObject({
      name: 'StageError',
      message: expect.stringContaining(`${join(root, 'queue')}: it is neither`),
      hint: 'Remove it.',
    });
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
    await expect(listing).rejects.toMatchObject({ name: 'StageError', hint: 'Rename one of them.' });
    await expect(listing).rejects.toThrow(join(root, 'in', one));
    await expect(listing).rejects.toThrow(join(root, 'in', other));
  });

  it.runIf(process.platform === 'linux')('refuses a name that is not UTF-8', async () => {
    const root = await temporaryDirectory();
    await writeFile(Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.from([0xff])]), '');
    await expect(listDirectory(root)).rejects.toMatchObject({
      name: 'StageError',
      message: expect.stringContaining('its name is not UTF-8'),
      hint: 'Rename the file.',
    });
  });
});

describe('cannotRead', () => {
  it.each([
    ['EACCES', 'permission is denied'],
    ['EPERM', 'the operation is not permitted'],
    ['EIO', 'the disk reports an error'],
  ])('says what the user can do something about: %s', (code, reason) => {
    const cause = Object.assign(new Error('raw'), { code });
    expect(cannotRead('/data', cause)).toMatchObject({
      name: 'StageError',
      message: `Cannot read /data: ${reason}`,
      cause,
    });
  });

  it('gives back every other error as it is', () => {
    for (const other of [Object.assign(new Error('raw'), { code: 'EMFILE' }), new Error('mine'), undefined]) {
      expect(cannotRead('/data', other)).toBe(other);
    }
  });
});
