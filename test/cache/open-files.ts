import { readdirSync, readlinkSync } from 'node:fs';

/** The files under a directory that this process holds open. Linux only: elsewhere none are found. */
export function openFiles(directory: string): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/fd')
    .map(targetOf)
    .filter((path) => path.startsWith(directory));
}

function targetOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return ''; // closed since it was listed
  }
}
