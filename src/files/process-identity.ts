import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { promisify } from 'node:util';

/** What tells a process from every other one, also after its number was given to another process. */
export interface ProcessIdentity {
  readonly host: string;
  /** Changes with every start of the machine; process start times count from there. Linux only, else empty. */
  readonly boot: string;
  /** Numbers of processes mean something only within one (containers have their own). Linux only, else empty. */
  readonly pidNamespace: string;
  readonly pid: number;
  readonly started: string;
}

let own: Promise<ProcessIdentity> | undefined;

/** The identity of the process that calls, looked up once: it cannot change. */
export function thisProcess(): Promise<ProcessIdentity> {
  own ??= identityOfThis();
  return own;
}

async function identityOfThis(): Promise<ProcessIdentity> {
  const started = await startTime(process.pid);
  return {
    host: hostname(),
    boot: bootId(),
    pidNamespace: pidNamespace(),
    pid: process.pid,
    started: started ?? '',
  };
}

/**
 * Whether a process still runs; `unknown` for one whose machine or container cannot be looked into from here.
 */
export async function isRunning(identity: ProcessIdentity): Promise<boolean | 'unknown'> {
  if (identity.host !== hostname()) return 'unknown';
  if (identity.boot !== bootId()) return false;
  if (identity.pidNamespace !== pidNamespace()) return 'unknown';
  return (await startTime(identity.pid)) === identity.started;
}

/** When a process began, in whatever unit the system has; undefined when it does not run any more. */
async function startTime(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return await startTimeFromPs(pid);
  const text = readIfThere(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets and may hold spaces and brackets itself (man 5 proc).
  const [state = '', ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ['Z', 'X'].includes(state) ? undefined : fields[18];
}

async function startTimeFromPs(pid: number): Promise<string | undefined> {
  const { execFile } = await import('node:child_process'); // takes 3 ms, and Linux needs none
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=', '-p', String(pid)], {
      env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    });
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

// What /proc holds is made when it is read: no disk is waited for.

function bootId(): string {
  return readIfThere('/proc/sys/kernel/random/boot_id').trim();
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
