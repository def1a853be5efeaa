import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { dirname, resolve } from 'node:path';
import { freeBytes } from '../../files/disk-space.ts';
import type { DoctorReport } from '../json-shapes/doctor.ts';
import { reportOllama } from './doctor-ollama.ts';

/** Lowest version of Node that pipe runs on, as in package.json. */
const NODE_NEEDED = [20, 19] as const;

/** Looks at this machine. Takes seconds: every engine is started in a process of its own. */
export async function examineMachine(artifacts: string): Promise<DoctorReport> {
  const { probeEngines } = await import('../../engine/choose-engine.ts');
  const [engines, ollama, writable, free_bytes] = await Promise.all([
    probeEngines(),
    reportOllama(process.env),
    isWritable(artifacts),
    freeBytes(artifacts),
  ]);
  const supported = isSupported(process.versions.node);
  return {
    ready: supported && writable && engines.some(({ usable }) => usable),
    node: { version: process.versions.node, supported },
    platform: {
      system: `${type()} ${release()}`,
      architecture: arch(),
      processor: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
    },
    memory: { total_bytes: totalmem(), available_bytes: process.availableMemory() },
    artifacts: { directory: artifacts, writable, free_bytes },
    engines,
    ollama,
  };
}

function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor >= NODE_NEEDED[1]);
}

/** Whether a folder, or the nearest existing one above it, can be written into; nothing is created. */
async function isWritable(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK);
    return (await stat(folder)).isDirectory();
  } catch (error) {
    const parent = dirname(resolve(folder));
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) return false;
    return await isWritable(parent);
  }
}
