import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { identify } from '../../../src/cache/objects/identify.ts';
import { objectStoreIn } from '../object-store-in.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

it('what is identified without being stored is what the store would give', async () => {
  const root = await temporaryDirectory();
  const folder = join(root, 'folder');
  await mkdir(join(folder, 'deep/empty'), { recursive: true });
  await writeFile(join(folder, 'text'), 'some text');
  await writeFile(join(folder, 'deep/program'), '#!/bin/sh\n');
  await chmod(join(folder, 'deep/program'), 0o755);
  const store = objectStoreIn(join(root, 'cache'), () => {});
  expect(await identify(folder)).toEqual(await store.put(folder, 'directory'));
  for (const path of [join(folder, 'text'), join(folder, 'deep/program')]) {
    expect(await identify(path)).toEqual(await store.put(path, 'file'));
  }
});
