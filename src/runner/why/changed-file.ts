import { type Stats, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { StoredArtifact } from '../../cache/objects/object-store.ts';
import { isDigest } from '../../files/digest.ts';
import { ifThere } from '../../files/system-problem.ts';
import { moment } from '../events/explanation-lines.ts';
import type { Workspace } from '../workspace.ts';

/** Names that are shown of the files of a folder; the others are counted. */
const SHOWN_FILES = 3;

/** How an input file of the user came to be other than it was. */
export interface ChangedFile {
  /** `data/x.json changed at 2026-11-27 23:10:05 UTC`. */
  readonly message: string;
  /** ISO 8601; absent where the file is gone. */
  readonly changed_at?: string;
}

/** When a file was changed, in ISO 8601. */
export interface Span {
  /** It was as before when this result was made. A modification time before that was set by hand (`cp -p`, `tar`). */
  readonly since: string | undefined;
  /** The change was there at that time; a later one is another change. */
  readonly until: string | undefined;
}

/** Says what became of an input file or folder (absolute path), whose bytes had the digest `before`, and then `after`. */
export async function changedFile(
  path: string,
  { before, after }: { readonly before?: unknown; readonly after?: unknown },
  span: Span,
  workspace: Workspace,
): Promise<ChangedFile> {
  const shown = shownPath(path);
  const state = stateOf(path);
  if (state === undefined) return { message: `${shown} is gone` };
  if (!state.isDirectory()) return at(`${shown} changed`, [state], span);
  const changes = await changesOfFolder(before, after, workspace);
  if (changes === undefined) return at(`${shown}${sep} changed`, [state], span);
  const { there, gone } = changes;
  const states = there.flatMap((name) => stateOf(join(path, name)) ?? []);
  const parts = [listed(there, 'changed'), listed(gone, 'removed')].filter((part) => part !== '');
  const what = parts.length > 0 ? `: ${parts.join(', ')}` : ' changed'; // an empty folder, or a mode
  return at(`${shown}${sep}${what}`, states.length > 0 ? states : [state], span);
}

/** A path as a user in the current folder writes it. */
function shownPath(path: string): string {
  const shown = relative('.', path);
  return shown.startsWith('..') ? path : shown;
}

function listed(names: readonly string[], what: string): string {
  if (names.length === 0) return '';
  const more = names.length - SHOWN_FILES;
  return `${names.slice(0, SHOWN_FILES).join(', ')}${more > 0 ? ` and ${more} more` : ''} ${what}`;
}

function at(what: string, states: readonly Stats[], { since, until }: Span): ChangedFile {
  const modified = Math.max(...states.map(({ mtimeMs }) => mtimeMs));
  // Nobody can set the time at which the system saw the change.
  const seen = Math.max(...states.map(({ ctimeMs }) => ctimeMs));
  const time = since !== undefined && modified < Date.parse(since) ? seen : modified;
  const changed_at = new Date(time).toISOString();
  if (until !== undefined && time > Date.parse(until)) return { message: `${what}, and once more since` };
  return { message: `${what} at ${moment(changed_at)}`, changed_at };
}

/** The files that are new or other (`there`), and those that are gone; undefined where the cache has lost a list of them. */
async function changesOfFolder(
  before: unknown,
  after: unknown,
  { objects }: Workspace,
): Promise<{ readonly there: readonly string[]; readonly gone: readonly string[] } | undefined> {
  const filesOf = async (digest: unknown) => {
    if (!isDigest(digest)) return undefined;
    const folder: StoredArtifact = { artifact: 'directory', digest, bytes: 0 };
    const located = await objects.locate(folder);
    return located?.artifact === 'directory' ? located.files : undefined;
  };
  const [old, now] = [await filesOf(before), await filesOf(after)];
  if (old === undefined || now === undefined) return undefined;
  return {
    there: Object.keys(now).filter((name) => !Object.hasOwn(old, name) || old[name] !== now[name]),
    gone: Object.keys(old).filter((name) => !Object.hasOwn(now, name)),
  };
}

function stateOf(path: string): Stats | undefined {
  return ifThere(() => statSync(path, { throwIfNoEntry: false }));
}
