import { canonicalJson } from '../../contract/canonical-json.ts';
import { isObject, type Json, type JsonObject } from '../../contract/json.ts';
import { isDigest } from '../../files/digest.ts';
import type { KeyManifest } from './action-key.ts';

/** One difference between the action that was recorded and the one that is asked for now. */
export interface Change {
  /** `settings.learning_rate`, `inputs.model`, `executable.script`, `env.SEED`, `version`, `observed.model_digest`. */
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** The parts of a manifest in the order in which a user wants to read of them. */
export const PARTS = ['settings', 'inputs', 'executable', 'env', 'version', 'type', 'format'] as const;

const SHOWN_CHARACTERS = 40;
const SHOWN_DIGEST_CHARACTERS = 12;
/** How much of two long texts is shown before the place where they part. */
const CONTEXT_CHARACTERS = 12;

/**
 * Every difference between two manifests: objects are entered (`settings.judge.prompt`), lists compared as a
 * whole. Two manifests with the same action key have none, and the other way round.
 */
export function changesBetween(before: KeyManifest, after: KeyManifest): Change[] {
  return PARTS.flatMap((part) => changesOfValue(part, partOf(before, part), partOf(after, part)));
}

/** No input that can be run is left out of a manifest, but changes are reported for each input. */
function partOf(manifest: KeyManifest, part: (typeof PARTS)[number]): Json | undefined {
  return part === 'executable' ? (manifest.executable ?? {}) : manifest[part];
}

function changesOfValue(path: string, before: Json | undefined, after: Json | undefined): Change[] {
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return names.flatMap((name) => changesOfValue(joined(path, name), own(before, name), own(after, name)));
  }
  const same = before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after);
  return same ? [] : [{ path, before, after }];
}

/** The path of an input as changes have it: `inputs.model`, of one of a collection `inputs.scores["epochs=1"]`. */
export function inputPath(input: string, label?: string): string {
  const path = joined('inputs', input);
  return label === undefined ? path : joined(path, label);
}

/** A name with dots or signs (a variant's label) is quoted, so that a path reads in one way only. */
function joined(path: string, name: string): string {
  return /^[\p{L}\p{N}_-]+$/u.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name)}]`;
}

/** One line for people: `learning_rate 0.00005 -> 0.0001`. Digests are cut, long texts shown where they part. */
export function describeChange({ path, before, after }: Change): string {
  if (path.startsWith('executable')) {
    return `${subject(path)} ${after === undefined ? 'is not executable any more' : 'is executable now'}`;
  }
  if (path === 'version' && (isDigest(before) || isDigest(after)))
    return 'the code of the stage, or a package that it imports, changed';
  const start = firstDifference(before, after);
  return `${subject(path)} ${shown(before, start)} -> ${shown(after, start)}`;
}

/** How the first name of a path is said; that it is a setting goes without saying. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ['settings', ''],
  ['inputs', 'input '],
  ['executable', 'input '],
  ['env', 'variable '],
  ['observed', 'observed '],
]);

function subject(path: string): string {
  const part = path.replace(/[.[].*/su, '');
  const word = WORDS.get(part);
  return word === undefined ? path : word + path.slice(part.length).replace(/^\./, '');
}

function shown(value: Json | undefined, start: number): string {
  if (value === undefined) return '(none)';
  if (isDigest(value)) return value.slice(0, SHOWN_DIGEST_CHARACTERS);
  const text = JSON.stringify(value);
  const from = Math.max(0, Math.min(start - CONTEXT_CHARACTERS, text.length - SHOWN_CHARACTERS));
  const until = from + SHOWN_CHARACTERS;
  return `${from > 0 ? '…' : ''}${text.slice(from, until)}${until < text.length ? '…' : ''}`;
}

/** Index of the first character at which the JSON texts of two values part. */
function firstDifference(before: Json | undefined, after: Json | undefined): number {
  const [one, other] = [JSON.stringify(before) ?? '', JSON.stringify(after) ?? ''];
  let index = 0;
  while (index < one.length && one[index] === other[index]) index++;
  return index;
}

function own(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
