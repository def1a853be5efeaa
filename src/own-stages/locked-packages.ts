import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, posix, relative, sep } from 'node:path';
import { isObject, type Json, type JsonObject, parseObject } from '../contract/json.ts';
import { digestOfBytes } from '../files/digest.ts';

/** What the packages of a stage are, and the files that say so. */
export interface LockedPackages {
  /** By where each is installed, or by the name of a lock file; empty for a stage without packages. */
  readonly packages: JsonObject;
  readonly files: Readonly<Record<string, string>>;
}

/** A package that cannot be identified; the message says why. */
export class UnlockedPackage extends Error {}

const NPM_LOCK = 'package-lock.json';
/** Of these no part is understood: each counts as a whole. */
const OTHER_LOCKS = ['npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock'];

/**
 * Identifies the packages that the stage in `file` imports, by the entries of the nearest lock file: of package-lock.json
 * those of the packages and of all that they need, of another one all. Throws an UnlockedPackage.
 */
export function lockedPackages(file: string, imports: readonly string[]): LockedPackages {
  if (imports.length === 0) return { packages: {}, files: {} };
  const names = [...new Set(imports.map(packageName))].sort();
  for (const name of names) requireInstalled(name, file);
  const lock = nearestLock(dirname(file));
  if (lock === undefined)
    throw new UnlockedPackage(
      `it imports ${names.join(', ')}, and there is no lock file from which their versions can be known; make one: npm install`,
    );
  const text = readFileSync(lock, 'utf8');
  const entries = lock.endsWith(NPM_LOCK) ? npmEntries(text) : undefined;
  const packages = entries
    ? closure(entries, names, relative(dirname(lock), dirname(file)).split(sep).join('/') || '.')
    : { [basename(lock)]: digestOfBytes(text) };
  if (entries) requireAsLocked(packages, dirname(lock));
  return { packages, files: { [lock]: digestOfBytes(text), ...installation(dirname(lock)) } };
}

/** Throws where another version is installed than is locked, as after `git pull` without `npm ci`: it would run under the other's key. */
function requireAsLocked(packages: JsonObject, root: string): void {
  for (const [place, entry] of Object.entries(packages)) {
    const locked = (entry as JsonObject).version;
    const installed = installedVersion(join(root, place, 'package.json'));
    if (installed === undefined || locked === null || installed === locked) continue; // absent: of another platform
    throw new UnlockedPackage(
      `${place} is installed in version ${installed}, and the lock file says ${locked}; install what it says: npm ci`,
    );
  }
}

function installedVersion(path: string): Json | undefined {
  return existsSync(path) ? parseObject(readFileSync(path, 'utf8'))?.version : undefined;
}

/** The file that npm writes anew when it installs anything. */
function installation(root: string): Readonly<Record<string, string>> {
  const file = join(root, 'node_modules', '.package-lock.json');
  return existsSync(file) ? { [file]: digestOfBytes(readFileSync(file, 'utf8')) } : {};
}

function packageName(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** What is only linked to changes without its lock entry, so it would be another stage unseen. */
function requireInstalled(name: string, file: string): void {
  const folders = createRequire(file).resolve.paths(name) ?? [];
  const installed = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (installed === undefined)
    throw new UnlockedPackage(`the package ${name} is not installed; install it: npm install ${name}`);
  if (!realpathSync(installed).split(sep).includes('node_modules'))
    throw new UnlockedPackage(
      `the package ${name} is a link to a folder, in which a change is not noticed; import its files by their path instead`,
    );
}

function nearestLock(start: string): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    const found = [NPM_LOCK, ...OTHER_LOCKS]
      .map((name) => join(folder, name))
      .find((path) => existsSync(path));
    if (found !== undefined || folder === dirname(folder)) return found;
  }
}

function npmEntries(text: string): JsonObject | undefined {
  const packages = parseObject(text)?.packages;
  return isObject(packages) ? packages : undefined;
}

/** The entries of packages and of all that they need, each found as Node finds it: nested first, then further out. */
function closure(entries: JsonObject, names: readonly string[], from: string): JsonObject {
  const found = new Map<string, Json>();
  const open = names.map((name) => ({ name, from }));
  const unlocked = names.find((name) => placeOf(name, from, entries) === undefined);
  if (unlocked !== undefined)
    throw new UnlockedPackage(
      `the package ${unlocked} is not in ${NPM_LOCK}; lock it: npm install ${unlocked}`,
    );
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const place = placeOf(next.name, next.from, entries);
    if (place === undefined || found.has(place)) continue;
    const entry = entries[place] as JsonObject;
    const { version = null, integrity = null, resolved = null } = entry;
    found.set(place, integrity === null ? { version, resolved } : { version, integrity });
    for (const kind of ['dependencies', 'optionalDependencies', 'peerDependencies']) {
      const needs = entry[kind];
      if (isObject(needs)) open.push(...Object.keys(needs).map((name) => ({ name, from: place })));
    }
  }
  return Object.fromEntries([...found].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function placeOf(name: string, from: string, entries: JsonObject): string | undefined {
  for (let folder = from; ; folder = posix.dirname(folder)) {
    const place = posix.join(folder, 'node_modules', name);
    if (isObject(entries[place])) return place;
    if (folder === '.') return undefined;
  }
}
