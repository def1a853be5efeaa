import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { isRunning, thisProcess } from '../../src/files/process-identity.ts';

describe('isRunning', () => {
  it('is true of the process that asks', async () => {
    expect(await isRunning(await thisProcess())).toBe(true);
  });

  it('is false of a process that ended', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'close');
    expect(await isRunning({ ...(await thisProcess()), pid: child.pid! })).toBe(false);
  });

  it('is false when the number belongs to a process that began at another time', async () => {
    expect(await isRunning({ ...(await thisProcess()), started: '1' })).toBe(false);
  });

  it('is unknown on another host', async () => {
    expect(await isRunning({ ...(await thisProcess()), host: 'elsewhere' })).toBe('unknown');
  });

  describe.runIf(process.platform === 'linux')('on Linux', () => {
    it('is false of what ran before the machine was restarted', async () => {
      expect(await isRunning({ ...(await thisProcess()), boot: 'another start' })).toBe(false);
    });

    it('is unknown in another container', async () => {
      expect(await isRunning({ ...(await thisProcess()), pidNamespace: 'pid:[1]' })).toBe('unknown');
    });

    it('knows the start of the machine, the container and the start of the process', async () => {
      const { thisProcess } = await importedOn('linux');
      expect(await thisProcess()).toEqual({
        host: hostname(),
        boot: expect.stringMatching(/^[0-9a-f-]{36}$/),
        pidNamespace: expect.stringMatching(/^pid:\[\d+\]$/),
        pid: process.pid,
        started: expect.stringMatching(/^\d+$/),
      });
    });

    it('is false of a process that ended and was not reaped', async () => {
      // The shell starts a process and then becomes a program that never asks how it ended.
      const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      onTestFinished(() => void parent.kill('SIGKILL'));
      const pid = Number((await once(parent.stdout, 'data'))[0]);
      const fields = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ');
      await vi.waitFor(() => expect(readFileSync(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n'));
      process.kill(pid, 'SIGKILL');
      await vi.waitFor(() => expect(fields()[2]).toBe('Z'));
      expect(await isRunning({ ...(await thisProcess()), pid, started: fields()[21]! })).toBe(false);
    });

    it('reads the start time of a program whose name holds spaces and brackets', async () => {
      const child = spawn('sh', ['-c', 'printf ") S 1 2 (x" > /proc/self/comm; echo ready; exec cat <&0'], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      await once(child.stdout, 'data');
      const text = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
      const started = text
        .trim()
        .split(' ')
        .at(21 - 52)!;
      expect(await isRunning({ ...(await thisProcess()), pid: child.pid!, started })).toBe(true);
    });
  });

  describe.runIf(hasPs())('on a system without /proc, by the program ps', () => {
    it('is true of the process that asks, whatever its language and time zone are', async () => {
      const { isRunning, thisProcess } = await importedOn('darwin');
      const identity = await thisProcess();
      expect(identity.started).toMatch(/^\w{3} \w{3} .*\d{4}$/);
      vi.stubEnv('TZ', 'Asia/Tokyo');
      vi.stubEnv('LC_ALL', 'de_DE.UTF-8');
      expect(await isRunning(identity)).toBe(true);
      expect(await isRunning({ ...identity, started: 'Thu Jan  1 00:00:00 1970' })).toBe(false);
    });

    it('is false of a process that ended', async () => {
      const { isRunning, thisProcess } = await importedOn('darwin');
      const child = spawn(process.execPath, ['-e', '']);
      await once(child, 'close');
      expect(await isRunning({ ...(await thisProcess()), pid: child.pid! })).toBe(false);
    });
  });
});

function hasPs(): boolean {
  return spawnSync('ps', ['-o', 'lstart=', '-p', String(process.pid)]).status === 0;
}

/** The module as it is when a process on a system first uses it, until the test ends. */
async function importedOn(platform: NodeJS.Platform) {
  const own = process.platform;
  Object.defineProperty(process, 'platform', { value: platform });
  onTestFinished(() => {
    Object.defineProperty(process, 'platform', { value: own });
    vi.unstubAllEnvs();
    vi.resetModules();
  });
  vi.resetModules();
  return await import('../../src/files/process-identity.ts');
}
