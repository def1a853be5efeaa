import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FolderStore } from '../../../src/cache/remote/stores/folder-store.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const asking = { signal: new AbortController().signal };

it('keeps what is there, unless it is to be replaced', async () => {
  const folder = await temporaryDirectory();
  const store = new FolderStore(folder);
  const put = (text: string, how: 'create' | 'replace') => store.put('cas/x', Buffer.from(text), how, asking);
  await put('first', 'create');
  await put('second', 'create');
  expect(await readFile(join(folder, 'cas/x'), 'utf8')).toBe('first');
  await put('third', 'replace');
  expect(await readFile(join(folder, 'cas/x'), 'utf8')).toBe('third');
  expect(await readdir(join(folder, 'tmp'))).toEqual([]);
});

it('leaves nothing of an upload that is ended, and removes what killed ones left a week ago', async () => {
  const folder = await temporaryDirectory();
  await mkdir(join(folder, 'tmp'));
  const days = (count: number) => (Date.now() - count * 24 * 60 * 60 * 1000) / 1000;
  for (const [name, age] of [
    ['old', 8],
    ['young', 6],
  ] as const) {
    await writeFile(join(folder, 'tmp', name), name);
    await utimes(join(folder, 'tmp', name), days(age), days(age));
  }
  const store = new FolderStore(folder);
  const file = join(folder, 'a file');
  await writeFile(file, Buffer.alloc(3_000_000));
  const end = new AbortController();
  const source = { file, bytes: 3_000_000, sha256: '' };
  const upload = store.put('cas/x', source, 'create', {
    signal: end.signal,
    onSent: () => end.abort(new Error('ended')),
  });
  await expect(upload).rejects.toThrow('ended');
  expect((await readdir(folder, { recursive: true })).sort()).toEqual([
    'a file',
    'cas',
    'tmp',
    'tmp/old',
    'tmp/young',
  ]);
  await store.put('cas/x', source, 'create', asking);
  expect(await readdir(join(folder, 'tmp'))).toEqual(['young']);
});
