import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outcomes, type Project } from './rig.ts';
import { TwoMachines } from './two-machines.ts';

let machines: TwoMachines;
let maker: Project;
let reader: Project;
let folder: string;
let remote: string;
beforeEach(async () => {
  machines = await TwoMachines.start();
  ({ maker, reader, folder, remote } = machines);
});
afterEach(() => machines.remove());

/** Each project stands for a machine, with a home of its own. */
const environment = (project: Project) => ({ XDG_CONFIG_HOME: project.path('home'), PIPE_REMOTE: '' });
const pipe = (project: Project, ...args: string[]) => project.pipe(args, environment(project));
const run = async (project: Project, ...args: string[]) => {
  const ended = await project.run(['p.yaml', ...args], environment(project));
  return { ...ended, outcomes: outcomes(ended.events) };
};
const objectsOf = (project: Project) => {
  const objects = project.path('artifacts/cache/objects');
  return existsSync(objects)
    ? readdirSync(objects, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).length
    : 0;
};

describe('a remote cache', () => {
  it('spares another machine the work, and brings files only where something reads them', async () => {
    expect((await run(maker, '--remote', remote)).outcomes).toEqual({ make: 'ran', count: 'ran' });
    const there = await run(reader, '--remote', remote);
    expect(there.outcomes).toEqual({ make: 'hit', count: 'hit' });
    const [planned] = there.events.filter((event) => event.type === 'stage-planned');
    expect(planned).toMatchObject({ reason: { code: 'fetched', message: `made by maker, from ${remote}` } });
    expect(objectsOf(reader)).toBe(0);
    const other = await run(
      reader,
      '--remote',
      remote,
      '--set',
      'stages.count.with.run=tail -1 inputs/big > lines',
    );
    expect(other.outcomes).toEqual({ make: 'hit', count: 'ran' });
    expect((await pipe(reader, 'cat', 'p.yaml', 'make.big')).stdout.length).toBeGreaterThan(200_000);
  });

  it('is not asked where all is here', async () => {
    let requests = 0;
    const server = createServer((_, response) => {
      requests++;
      response.writeHead(404).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await run(maker, '--remote', address, '--no-upload');
    expect(requests).toBeGreaterThan(0);
    requests = 0;
    expect((await run(maker, '--remote', address)).outcomes).toEqual({ make: 'hit', count: 'hit' });
    expect(requests).toBe(0);
    server.close();
  });

  it('that is gone fails no run, and is told once', async () => {
    rmSync(folder, { recursive: true });
    const ended = await run(maker, '--remote', remote);
    expect([ended.code, ended.outcomes]).toEqual([0, { make: 'ran', count: 'ran' }]);
    const problems = ended.events.filter((event) => event.type === 'cache-problem');
    expect(problems).toMatchObject([{ code: 'remote-unreachable' }]);
    expect(existsSync(folder)).toBe(false);
  });

  it('is not believed of a writer whom the project does not know', async () => {
    await run(maker, '--remote', remote);
    rmSync(reader.path('pipe-trust.json'));
    const { outcomes, events } = await run(reader, '--remote', remote);
    expect(outcomes).toEqual({ make: 'ran', count: 'ran' });
    const problems = events.filter((event) => event.type === 'cache-problem');
    expect(problems, 'which is said, as it has no key to sign with either').toMatchObject([
      { code: 'remote-without-keys', message: expect.stringContaining('pipe trust create') },
    ]);
  });

  it('gets nothing without a key, and nothing with --no-upload', async () => {
    await run(reader, '--remote', remote); // has no key
    await run(maker, '--remote', remote, '--no-upload');
    expect(readdirSync(folder)).toEqual([]);
    const { code, stderr } = await pipe(reader, 'push', 'p.yaml', '--remote', remote);
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('there is no key to sign with\n  make one with: pipe trust create'),
    ]);
  });

  it('takes by push what was made before, and gives by pull what a stage reads', async () => {
    await run(maker);
    const pushed = await pipe(maker, 'push', 'p.yaml', '--remote', remote);
    expect([pushed.code, pushed.stdout]).toEqual([0, `2 results of p.yaml in ${remote}\n`]);
    const pulled = await pipe(reader, 'pull', 'p.yaml', '--for', 'count', '--remote', remote);
    expect([pulled.code, pulled.stdout]).toEqual([0, '1 input of count here: 229 KB\n']);
    rmSync(folder, { recursive: true });
    expect((await run(reader, '--force', 'count')).outcomes).toEqual({ make: 'hit', count: 'ran' });
    const lost = await pipe(machines.another(), 'pull', 'p.yaml', '--for', 'count', '--remote', remote);
    expect(lost.code).toBe(1);
  });

  it('does not know a result any more whose writer is revoked', async () => {
    await run(maker, '--remote', remote);
    await run(reader, '--remote', remote);
    const revoked = await pipe(reader, 'trust', 'revoke', 'maker');
    expect(revoked.stdout).toBe('maker is not believed any more; 2 results of it forgotten\n');
    expect((await run(reader, '--remote', remote)).outcomes).toEqual({ make: 'ran', count: 'ran' });
  });
});

describe('pipe trust', () => {
  it('makes a key that nobody else can read, once', async () => {
    const file = maker.path('home/pipe/signing-key.pem');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await pipe(maker, 'trust', 'create')).stderr).toContain('there is a signing key already');
    expect((await pipe(maker, 'trust', 'show')).stdout).toMatch(
      /^maker {2}ed25519:\S{44} {2}main {2}this user\n$/,
    );
    expect(readFileSync(maker.path('pipe-trust.json'), 'utf8')).not.toContain('PRIVATE');
  });

  it('refuses a key file that others may read, and damaged ones', async () => {
    const file = maker.path('home/pipe/signing-key.pem');
    rmSync(file);
    writeFileSync(file, 'no key', { mode: 0o600 });
    expect((await run(maker, '--remote', remote)).stderr).toContain('holds no Ed25519 private key');
    writeFileSync(
      maker.path('pipe-trust.json'),
      '{"keys": [{"name": "x", "key": "ed25519:short", "scopes": ["main"]}]}',
    );
    expect((await pipe(maker, 'trust', 'show')).stderr).toContain('pipe-trust.json: the key of `x` is none');
  });

  it.each([
    [['add', 'ci', 'nonsense'], 'the key of `ci` is none'],
    [['add', 'maker', `ed25519:${'A'.repeat(43)}=`], 'there is a key `maker` already'],
    [['add', 'ci', `ed25519:${'A'.repeat(43)}=`, '--scope', '../x'], 'the scopes of `ci`'],
    [['revoke', 'nobody'], 'there is no key `nobody`'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await pipe(maker, 'trust', ...args);
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining(message)]);
  });

  it.each([
    ['ftp://x/y', 'It must be s3://BUCKET/PREFIX, https://HOST/PATH or file:///FOLDER.'],
    ['https://me:secret@x/y', 'It holds a password'],
  ])('a remote cache at %s is refused', async (address, message) => {
    const { code, stderr } = await pipe(maker, 'run', 'p.yaml', '--remote', address);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect((await maker.pipe(['run', 'p.yaml'], { PIPE_REMOTE: address })).stderr).toContain(message);
  });
});
