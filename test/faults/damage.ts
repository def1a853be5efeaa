import { chmodSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Random } from './seeded.ts';

/** Kinds of files under artifacts/, by the beginning of their path. */
export const PLACES = {
  objects: 'cache/objects/',
  records: 'cache/actions/',
  latest: 'cache/latest/',
  'file-inputs': 'cache/file-inputs/',
  'pipeline memo': 'cache/pipelines/',
  'run.json and events': 'runs/',
  'whatever else': '',
} as const;
export type Place = keyof typeof PLACES;

/** Ways to damage bytes; the modification time is another question. */
const DAMAGES: Readonly<Record<string, (bytes: Buffer, random: Random) => Buffer>> = {
  'bit flip': (bytes, random) => {
    const damaged = Buffer.from(bytes);
    if (damaged.length > 0) damaged[random.below(damaged.length)]! ^= 1 << random.below(8);
    return damaged;
  },
  truncation: (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
  'zero fill': (bytes, random) => {
    const from = random.chance(0.3) ? 0 : random.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, from), Buffer.alloc(bytes.length - from)]);
  },
  emptied: () => Buffer.alloc(0),
};
export const DAMAGE_NAMES = Object.keys(DAMAGES);

interface Attack {
  readonly how: string;
  readonly keepTime: boolean;
  readonly random: Random;
}

/** Damages one file of a kind; returns its path under the artifacts, or undefined when there is no such file. */
export function damage(
  artifacts: string,
  { place, ...attack }: Attack & { place: Place },
): string | undefined {
  return damageOneOf(filesOf(artifacts, place), artifacts, attack);
}

/** `damage` for the files whose path under the artifacts begins with `prefix`. */
export function damageIn(artifacts: string, prefix: string, attack: Attack): string | undefined {
  return damageOneOf(
    allFiles(artifacts).filter((file) => relative(artifacts, file).startsWith(prefix)),
    artifacts,
    attack,
  );
}

function damageOneOf(
  files: readonly string[],
  artifacts: string,
  { how, keepTime, random }: Attack,
): string | undefined {
  if (files.length === 0) return undefined;
  const file = random.pick(files);
  const { atime, mtime, mode } = statSync(file);
  const bytes = readFileSync(file);
  chmodSync(file, 0o644);
  writeFileSync(file, DAMAGES[how]!(bytes, random));
  chmodSync(file, mode);
  if (keepTime) utimesSync(file, atime, mtime);
  return relative(artifacts, file);
}

function filesOf(artifacts: string, place: Place): string[] {
  const others = Object.values(PLACES).filter((prefix) => prefix !== '');
  return allFiles(artifacts).filter((file) => {
    const path = relative(artifacts, file);
    return PLACES[place] === ''
      ? !others.some((prefix) => path.startsWith(prefix))
      : path.startsWith(PLACES[place]);
  });
}

/** In a fixed order, so that a seed finds the same file again. */
function allFiles(artifacts: string): string[] {
  return readdirSync(artifacts, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && statSync(join(entry.parentPath, entry.name)).size > 0)
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
