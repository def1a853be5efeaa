import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { commitOf } from '../../../src/runner/events/git-commit.ts';
import { isTreeClean } from '../../../src/runner/events/git-tree.ts';
import { temporaryDirectory } from '../../cache/temporary-directory.ts';

afterEach(() => void vi.unstubAllEnvs());

const never = new AbortController().signal;

/** A real repository with one commit of `pipelines/x.yaml`; `git` runs a command in it. */
async function repository() {
  const folder = await temporaryDirectory();
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  const file = join(folder, 'pipelines', 'x.yaml');
  git('init', '-b', 'main');
  await mkdir(join(folder, 'pipelines'));
  await writeFile(file, 'one');
  git('add', '.');
  git('commit', '-m', 'one');
  return { folder, file, git };
}

describe('the commit of a pipeline file', () => {
  it('is what git says: on a branch, detached, with packed refs, in a second worktree', async () => {
    const { folder, file, git } = await repository();
    expect(commitOf(file)).toBe(git('rev-parse', 'HEAD'));
    git('checkout', '-b', 'topic/deep');
    git('commit', '--allow-empty', '-m', 'two');
    const head = git('rev-parse', 'HEAD');
    expect(commitOf(file)).toBe(head);
    git('pack-refs', '--all');
    expect(commitOf(file)).toBe(head);
    git('checkout', '--detach', 'main');
    expect(commitOf(file)).toBe(git('rev-parse', 'main'));
    const other = join(await temporaryDirectory(), 'other');
    git('worktree', 'add', other, 'topic/deep');
    expect(commitOf(join(other, 'pipelines', 'x.yaml'))).toBe(head);
    expect(commitOf(join(folder, 'nowhere', 'x.yaml'))).toBe(git('rev-parse', 'main'));
  });

  it('is not known before the first commit, and outside a repository', async () => {
    const folder = await temporaryDirectory();
    expect(commitOf(join(folder, 'x.yaml'))).toBeUndefined();
    expect(await isTreeClean(join(folder, 'x.yaml'), never)).toBeUndefined();
    execFileSync('git', ['init', '-q', folder]);
    expect(commitOf(join(folder, 'x.yaml'))).toBeUndefined();
  });
});

describe('a tree', () => {
  it('is clean until a file changes, or a new one is not committed', async () => {
    const { folder, file, git } = await repository();
    expect(await isTreeClean(file, never)).toBe(true);
    await writeFile(file, 'two');
    expect(await isTreeClean(file, never)).toBe(false);
    git('checkout', '.');
    expect(await isTreeClean(file, never)).toBe(true);
    await writeFile(join(folder, 'new'), '');
    expect(await isTreeClean(file, never)).toBe(false);
    await writeFile(join(folder, '.gitignore'), 'new\n.gitignore\n');
    expect(await isTreeClean(file, never)).toBe(true);
  });

  it('is not known when the run is cancelled while git looks, which is not waited for', async () => {
    const folder = await temporaryDirectory();
    await writeFile(join(folder, 'git'), '#!/bin/sh\nexec /bin/sleep 60\n', { mode: 0o755 });
    vi.stubEnv('PATH', folder);
    const cancel = new AbortController();
    const clean = isTreeClean(join(folder, 'x.yaml'), cancel.signal);
    setTimeout(() => cancel.abort(), 100);
    expect(await clean).toBeUndefined();
  }, 8_000); // less than its patience with git
});
