import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseRecord } from '../../src/cache/records/action-record.ts';
import { signRecord, storedName } from '../../src/cache/remote/trust/signed-record.ts';
import { parseSigningKey } from '../../src/cache/remote/trust/signing-key.ts';
import { keyId } from '../../src/cache/remote/trust/trusted-keys.ts';
import { digestOfBytes } from '../../src/files/digest.ts';
import { outcomes, Project } from './rig.ts';

/*
 * Two attacks on shared caches that were published, replayed with the real binary. In both, a job of a pull request may write
 * whatever it likes into the bucket, and never changes a line of main.
 *
 * CVE-2025-36852 (CREEP): the pull request builds what main will ask for before main does, with something bad in it. The cache takes the first who
 * comes: main gets the artefact under the key of its own, clean sources.
 *
 * CVE-2026-45321: a workflow for pull requests of forks runs in the context of main and saves a cache entry. Hours later the job that releases
 * restores it and publishes it.
 */

const TOOL = (word: string) => `#!/bin/sh\nseq 1 20000 > "$1"\necho ${word} >> "$1"\n`;
/** The tool is of the machine: it does not count, as a compiler does not. The artefact is too large for its record. */
const PIPELINE = `schema: 1
name: release
stages:
  build:
    uses: command
    inputs: { source: { file: ./source.txt } }
    with: { run: "tool artefact", outputs: { artefact: artefact } }
  publish:
    uses: command
    inputs: { artefact: build.artefact }
    with: { run: "tail -n 1 inputs/artefact > published", outputs: { published: published } }
`;

let bucket: string;
let projects: Project[];
let trust: string;
let ciKey: string;
let forkKey: string;
beforeEach(async () => {
  projects = [];
  const owner = job('good');
  bucket = owner.path('bucket');
  mkdirSync(bucket);
  await owner.pipe(['trust', 'create', '--name', 'ci'], environment(owner));
  ciKey = readFileSync(owner.path('home/pipe/signing-key.pem'), 'utf8');
  const fork = job('bad');
  await fork.pipe(['trust', 'create', '--name', 'pulls', '--scope', 'pr/*'], environment(fork));
  forkKey = readFileSync(fork.path('home/pipe/signing-key.pem'), 'utf8');
  const [{ key }] = JSON.parse(readFileSync(fork.path('pipe-trust.json'), 'utf8')).keys;
  await owner.pipe(['trust', 'add', 'pulls', key, '--scope', 'pr/*'], environment(owner));
  trust = readFileSync(owner.path('pipe-trust.json'), 'utf8');
});
afterEach(() => {
  for (const project of projects) project.remove();
});

/** A fresh machine with a checkout and tools of its own. */
function job(word: 'good' | 'bad'): Project {
  const project = new Project({
    'p.yaml': PIPELINE,
    'source.txt': 'clean',
    'home/x': '',
    'bin/tool': TOOL(word),
  });
  chmodSync(project.path('bin/tool'), 0o755);
  if (trust !== undefined) project.write('pipe-trust.json', trust);
  projects.push(project);
  return project;
}

function environment(project: Project, key?: string, scope = 'main'): Record<string, string> {
  return {
    PATH: `${project.path('bin')}:${process.env.PATH}`,
    XDG_CONFIG_HOME: project.path('home'),
    PIPE_REMOTE: bucket === undefined ? '' : pathToFileURL(bucket).href,
    PIPE_REMOTE_SCOPE: scope,
    ...(key !== undefined && { PIPE_SIGNING_KEY: key }),
  };
}

const run = async (project: Project, key?: string, scope?: string, ...args: string[]) => {
  const { code, events } = await project.run(['p.yaml', ...args], environment(project, key, scope));
  const refused = events.flatMap((event) => (event.type === 'cache-problem' ? [event.message] : []));
  const { stdout } = await project.pipe(
    ['cat', 'p.yaml', 'publish.published', '--no-remote'],
    environment(project),
  );
  return { code, outcomes: outcomes(events), refused, published: stdout.trim() };
};

const made = { build: 'ran', publish: 'ran' };

it('CVE-2025-36852 (CREEP): what a pull request builds first under the key of main is not what main gets', async () => {
  // As itself, and as if it were main: with the key that it has.
  for (const scope of ['pr/1', 'main']) {
    const pull = await run(job('bad'), forkKey, scope);
    expect([pull.outcomes, pull.published]).toEqual([made, 'bad']);
  }
  // And by hand, under the very names that main will ask for, which it knows: they are made of public things.
  for (const { path, record } of records()) {
    const forged = signRecord(record, 'main', parseSigningKey(forkKey, 'the key'));
    writeFileSync(join(bucket, storedName({ ...record, scope: 'main' }, keyId(publicKeyOf('ci')))), forged);
    copyFileSync(path, join(bucket, storedName({ ...record, scope: 'main' }, keyId(publicKeyOf('pulls')))));
  }
  const main = await run(job('good'), ciKey);
  expect(main).toMatchObject({ code: 0, outcomes: made, published: 'good' });
  expect(main.refused).toEqual([
    expect.stringMatching(/^The record of action \w+ by ci in .* is not used: another key has signed it$/),
  ]);
  // Main's own result takes the place of what was refused: the next machine has it without the work.
  const next = await run(job('good'));
  expect(next).toMatchObject({
    code: 0,
    outcomes: { build: 'hit', publish: 'hit' },
    published: 'good',
    refused: [],
  });
});

it('CVE-2026-45321: an entry that a job of a fork has poisoned in the bucket of main is not released', async () => {
  expect((await run(job('good'), ciKey)).published).toBe('good');
  // Of the artefact it puts its own bytes in place, and has main's records point to them.
  const bad = Buffer.from(`${'1\n'.repeat(30_000)}bad\n`);
  for (const name of readdirSync(join(bucket, 'cas'))) {
    const { size } = statSync(join(bucket, 'cas', name));
    writeFileSync(join(bucket, 'cas', name), 'bad\n'.repeat(size).slice(-size));
  }
  const release = await run(job('good'), undefined, 'main', '--force', 'publish');
  expect(release).toMatchObject({ code: 0, outcomes: made, published: 'good' });
  expect(release.refused).toContainEqual(
    expect.stringMatching(/^Object \w+ of .* is not used: its bytes do not have its digest$/),
  );
  const poisoned = digestOfBytes(bad);
  writeFileSync(join(bucket, 'cas', poisoned), bad);
  for (const { path, record, text } of records()) {
    const outputs = Object.fromEntries(
      Object.keys(record.outputs).map((name) => [
        name,
        { artifact: 'file', digest: poisoned, bytes: bad.length },
      ]),
    );
    writeFileSync(
      path,
      JSON.stringify({ ...JSON.parse(text), record: JSON.stringify({ ...record, outputs }) }),
    );
  }
  const second = job('good');
  const again = await run(second);
  expect(again).toMatchObject({ code: 0, outcomes: made, published: 'good' });
  expect(again.refused).toHaveLength(2);
  for (const message of again.refused)
    expect(message).toMatch(/by ci in .* is not used: its signature does not hold$/);
  const stored = readdirSync(second.path('artifacts/cache/objects'), { recursive: true }).join(' ');
  expect(stored).not.toContain(poisoned.slice(2));
});

it('a job of a fork that has stolen the key of main can poison it, until the key is revoked: then its results are gone', async () => {
  await run(job('bad'), ciKey);
  const release = job('good');
  expect(await run(release)).toMatchObject({ outcomes: { build: 'hit', publish: 'hit' }, published: 'bad' });
  const verified = await release.pipe(['verify', 'p.yaml', '--rebuild', '100%'], environment(release));
  expect([verified.code, verified.stdout]).toEqual([
    1,
    expect.stringContaining('different this time: build, in artefact'),
  ]);
  await release.pipe(['trust', 'revoke', 'ci'], environment(release));
  expect(await run(release)).toMatchObject({ outcomes: made, published: 'good' });
});

/** The records in the bucket that are whole. */
function records() {
  return readdirSync(join(bucket, 'ac')).map((name) => {
    const path = join(bucket, 'ac', name);
    const text = readFileSync(path, 'utf8');
    return { path, text, record: parseRecord(JSON.parse(text).record) };
  });
}

function publicKeyOf(name: string): string {
  return JSON.parse(trust).keys.find((key: { name: string }) => key.name === name).key;
}
