import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readMemo, writeMemo } from '../../files/memo.ts';
import { explained, orAbsent } from '../../files/system-problem.ts';

/** Names for tags: they are names of files, and no run is called like one. */
export const TAG_NAME = /^(?!last$|\d{8}-\d{6}-)[A-Za-z0-9_][\w.-]{0,99}$/;

/** The run that a tag names; undefined if there is no such tag. */
export function taggedRun(artifacts: string, tag: string): string | undefined {
  if (!TAG_NAME.test(tag)) return undefined;
  const { run } = Object(readMemo(pathOf(artifacts, tag))) as { readonly run?: unknown };
  return typeof run === 'string' ? run : undefined;
}

/** The tags of every run that has some, in the order of their names. */
export async function taggedRuns(artifacts: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = (await orAbsent(readdir(join(artifacts, 'tags')))) ?? [];
  const tags = new Map<string, string[]>();
  for (const name of names.map((file) => file.replace(/\.json$/, '')).sort()) {
    const run = taggedRun(artifacts, name);
    if (run !== undefined) tags.set(run, [...(tags.get(run) ?? []), name]);
  }
  return tags;
}

/** Gives a run a tag; one of that name moves to it. Throws a CacheError if it cannot be written. */
export async function tagRun(artifacts: string, tag: string, run: string): Promise<void> {
  await explained(`write the tag ${tag}`, () =>
    writeMemo(join(artifacts, 'cache'), pathOf(artifacts, tag), { run }),
  );
}

/** Removes a tag; the run stays. */
export async function removeTag(artifacts: string, tag: string): Promise<void> {
  await explained(`remove the tag ${tag}`, () => rm(pathOf(artifacts, tag), { force: true }));
}

function pathOf(artifacts: string, tag: string): string {
  return join(artifacts, 'tags', `${tag}.json`);
}
