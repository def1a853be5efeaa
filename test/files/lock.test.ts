import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { acquireLock, type LockOptions, lockHolder } from '../../src/files/lock.ts';
import { type ProcessIdentity, thisProcess } from '../../src/files/process-identity.ts';
import { childProgram } from '../cache/child-program.ts';
import { temporaryDirectory } from '../cache/temporary-directory.ts';

const holdLock = childProgram('hold-lock');
const lockLoop = childProgram('lock-loop');

function options(parts: Partial<LockOptions> = {}): LockOptions {
  return { run: 'test', signal: new AbortController().signal, onWaiting: () => {}, ...parts };
}

async function lockPath(): Promise<string> {
  return join(await temporaryDirectory(), 'locks/action');
}

/** Puts a lock there as another process would have. */
async function plantClaim(
  path: string,
  parts: Partial<ProcessIdentity>,
  heartbeat = new Date(),
  name = 'claim',
): Promise<void> {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, name), JSON.stringify({ ...(await thisProcess()), run: 'planted', ...parts }));
  await utimes(join(path, name), heartbeat, heartbeat);
}

/** Asserts that the lock is taken without waiting for anybody. */
async function expectFree(path: string): Promise<void> {
  const onWaiting = vi.fn();
  const lock = await acquireLock(path, options({ onWaiting }));
  expect(onWaiting).not.toHaveBeenCalled();
  await lock.release();
}

/** Asserts that somebody has the lock, and gives up then. */
async function expectHeld(path: string): Promise<string> {
  const giveUp = new AbortController();
  const onWaiting = vi.fn((_: string) => giveUp.abort(new Error('gave up')));
  await expect(acquireLock(path, options({ signal: giveUp.signal, onWaiting }))).rejects.toThrow('gave up');
  expect(onWaiting).toHaveBeenCalledOnce();
  return onWaiting.mock.calls[0]![0];
}

afterEach(() => void vi.useRealTimers());

describe('acquireLock', () => {
  it('takes a free lock and leaves nothing after its release', async () => {
    const path = await lockPath();
    const lock = await acquireLock(path, options());
    await lock.release();
    await lock.release();
    expect(await readdir(join(path, '..'))).toEqual([]);
  });

  it('waits for the holder, says who that is, and goes on when it releases', async () => {
    const path = await lockPath();
    const child = await holdLock(path);
    expect(await child.nextLine()).toBe('held');
    const onWaiting = vi.fn((_: string) => child.process.stdin!.end());
    const lock = await acquireLock(path, options({ onWaiting }));
    expect(onWaiting.mock.calls[0]![0]).toMatch(
      new RegExp(`^process ${child.process.pid} on .* \\(run child\\)$`),
    );
    expect(await child.ended).toBe(0);
    await lock.release();
  });

  it('stops waiting when it is told to, and leaves the lock to its holder', async () => {
    const path = await lockPath();
    const child = await holdLock(path);
    await child.nextLine();
    await expectHeld(path);
    expect(await readdir(join(path, '..'))).toEqual(['action']);
    child.process.stdin!.end();
    expect(await child.ended).toBe(0);
    await expectFree(path);
  });

  it('is free at once when its holder was killed', async () => {
    const path = await lockPath();
    const child = await holdLock(path);
    await child.nextLine();
    child.process.kill('SIGKILL');
    expect(await child.ended).toBe('SIGKILL');
    await expectFree(path);
  });

  it('does not keep its process alive, and is free when that ended without releasing it', async () => {
    const path = await lockPath();
    const child = await holdLock(path, 'forget');
    await child.nextLine();
    child.process.stdin!.end();
    expect(await child.ended).toBe(0);
    await expectFree(path);
  });

  it('is free when the number of its holder belongs to another process now', async () => {
    const path = await lockPath();
    await plantClaim(path, { started: 'before' });
    await expectFree(path);
  });

  it.runIf(process.platform === 'linux')(
    'is free when its holder ran before the machine was restarted',
    async () => {
      const path = await lockPath();
      await plantClaim(path, { boot: 'another start' });
      await expectFree(path);
    },
  );

  it.each(['', '{"ho', 'null', '{}', '[7]'])(
    'is free when the claim on the disk is none: %j',
    async (text) => {
      const path = await lockPath();
      await mkdir(path, { recursive: true });
      await writeFile(join(path, 'claim'), text);
      await expectFree(path);
    },
  );

  it('cannot be taken where a file is in its place, which is said', async () => {
    const path = await lockPath();
    await mkdir(dirname(path));
    await writeFile(path, '');
    await expect(acquireLock(path, options())).rejects.toThrow(
      `Cannot take the lock ${path}: a file is where a folder is needed`,
    );
    expect(await readdir(dirname(path))).toEqual(['action']);
  });

  it('says once of each holder that it waits for it', async () => {
    const path = await lockPath();
    const told: string[] = [];
    await plantClaim(path, { host: 'elsewhere', pid: 1 });
    const acquired = acquireLock(path, options({ onWaiting: (holder) => told.push(holder) }));
    await vi.waitFor(() => expect(told).toHaveLength(1), 20_000);
    await delay(100); // during which it looks again a few times
    await plantClaim(path, { host: 'elsewhere', pid: 2 }, new Date(), 'another claim');
    await rm(join(path, 'claim'));
    await vi.waitFor(() => expect(told).toHaveLength(2), 20_000);
    await rm(join(path, 'another claim'));
    await (await acquired).release();
    expect(told).toEqual([1, 2].map((pid) => `process ${pid} on elsewhere (run planted)`));
  });

  it('is held by a process on another host until a minute has passed without heartbeat', async () => {
    const path = await lockPath();
    await plantClaim(path, { host: 'elsewhere', pid: 1 }, new Date(Date.now() - 50_000));
    expect(await expectHeld(path)).toBe('process 1 on elsewhere (run planted)');
    await plantClaim(path, { host: 'elsewhere', pid: 1 }, new Date(Date.now() - 61_000));
    await expectFree(path);
  });

  it('is held by a process of another container on this host, whose number says nothing here', async () => {
    const path = await lockPath();
    await plantClaim(path, { pidNamespace: 'pid:[1]', pid: 2 ** 30 });
    await expectHeld(path);
  });

  it('begins to hold with a fresh heartbeat, however long it waited', async () => {
    const path = await lockPath();
    const child = await holdLock(path);
    await child.nextLine();
    const onWaiting = async () => {
      const [prepared] = (await readdir(join(path, '..'))).filter((name) => name.startsWith('action.'));
      const directory = join(path, '..', prepared!);
      await utimes(join(directory, (await readdir(directory))[0]!), 0, 0);
      child.process.stdin!.end();
    };
    const lock = await acquireLock(path, options({ onWaiting: () => void onWaiting() }));
    expect((await stat(join(path, (await readdir(path))[0]!))).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
    await lock.release();
  });

  it('does not take a lock for somebody who gave up before', async () => {
    const path = await lockPath();
    const reason = new Error('too late');
    await expect(acquireLock(path, options({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
    await expectFree(path);
  });

  it('gives a heartbeat every ten seconds while it is held', async () => {
    const path = await lockPath();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lock = await acquireLock(path, options());
    const claim = join(path, (await readdir(path))[0]!);
    await utimes(claim, 0, 0);
    vi.advanceTimersByTime(10_000);
    await vi.waitFor(async () => expect((await stat(claim)).mtimeMs).toBeGreaterThan(0));
    await lock.release();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never has two holders when many find the same one dead at once', async () => {
    const path = await lockPath();
    let holders = 0;
    const contend = async () => {
      const lock = await acquireLock(path, options());
      expect(++holders).toBe(1);
      await setImmediate();
      expect(await readdir(path)).toHaveLength(1);
      holders--;
      await lock.release();
    };
    for (let round = 0; round < 20; round++) {
      await plantClaim(path, { started: 'before' });
      await Promise.all(Array.from({ length: 8 }, contend));
    }
  });

  it('never has two holders among eight processes, two of which die holding it', async () => {
    const path = await lockPath();
    const journal = join(path, '../../journal');
    const [processes, rounds] = [8, 15];
    const dies = (index: number) => (index < 2 ? 3 + index : -1);
    const children = await Promise.all(
      Array.from({ length: processes }, (_, index) =>
        lockLoop(path, journal, String(rounds), String(dies(index))),
      ),
    );
    const ends = await Promise.all(children.map((child) => child.ended));
    expect(ends).toEqual(ends.map((_, index) => (dies(index) < 0 ? 0 : 'SIGKILL')));

    const dead = new Set(
      children.filter((_, index) => dies(index) >= 0).map((child) => String(child.process.pid)),
    );
    const lines = (await readFile(journal, 'utf8')).trim().split('\n');
    expect(lines.filter((line) => line.startsWith('enter'))).toHaveLength(6 * rounds + 4 + 5);
    let holder: string | undefined;
    for (const line of lines) {
      const [what, pid] = line.split(' ');
      if (what === 'enter' && holder !== undefined) expect(dead).toContain(holder);
      else if (what === 'leave') expect(pid).toBe(holder);
      holder = what === 'enter' ? pid : undefined;
    }
  });
});

describe('lockHolder', () => {
  it('names who holds a lock, and nobody where it is free or its holder is dead', async () => {
    const path = await lockPath();
    expect(await lockHolder(path)).toBeUndefined();
    const lock = await acquireLock(path, options());
    expect(await lockHolder(path)).toMatch(new RegExp(`^process ${process.pid} on .* \\(run test\\)$`));
    await lock.release();
    expect(await lockHolder(path)).toBeUndefined();
    await plantClaim(path, { started: 'before' });
    expect(await lockHolder(path)).toBeUndefined();
  });
});
