import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { nameHint } from '../../pipeline/diagnostics/did-you-mean.ts';
import { show } from '../../terminal/show.ts';
import { UserError } from '../user-error.ts';
import type { FoundOutput } from './find-output.ts';

/**
 * Streams an artifact to standard output: a file, or the file `path` of a directory; of a directory without `path` the
 * list of its files. Throws a UserError if there is no such file.
 */
export async function printOutput(
  { artifact, objects, remake }: FoundOutput,
  name: string,
  path: string | undefined,
): Promise<void> {
  const located = await objects.locate(artifact);
  if (located === undefined) throw new UserError(`${name} is damaged in the cache`, remake);
  if (located.artifact === 'file') {
    if (path !== undefined) throw new UserError(`${name} is a file, not a directory`, `leave out "${path}"`);
    return await print(located.path);
  }
  const names = Object.keys(located.files);
  if (path === undefined) {
    show(process.stdout, ...names);
    return;
  }
  const file = located.files[path];
  if (file === undefined) {
    throw new UserError(`there is no file "${path}" in ${name}`, nameHint(path, names, 'its files are'));
  }
  await print(file);
}

/** Ends early where the reader does (`pipe cat … | head`). */
async function print(path: string): Promise<void> {
  try {
    await pipeline(createReadStream(path), process.stdout, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}
