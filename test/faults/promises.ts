import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digests, outcomes } from '../cli/rig.ts';
import { type Attacked, type Ended, STAGE_NAMES, type StageName } from './attacked.ts';
import { survivors } from './processes.ts';

// What pipe promises, whatever was done to it. Each function throws when its promise was broken.

/** After the end of a run nothing that it started is alive for longer. */
const PATIENCE_MS = 5000;
/** How a stack trace, or the words before one, look. */
const STACK = /\n\s+at [^\n]+:\d+|internal error|fault in pipe|uncaught|node:internal/i;

/** Digest of each output, from a run that nobody disturbed. */
export type Reference = Readonly<Record<string, string>>;

export function require(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

/** No stack trace, whatever happens. */
export function noStack(run: Ended): void {
  const words = `${run.stdout}\n${whatFailed(run)}`;
  require(!STACK.test(words), `a stack trace:\n${excerpt(words)}`);
}

/** A run succeeded and every output is the one of the undisturbed run. */
export function succeeded(run: Ended, reference: Reference): void {
  noStack(run);
  require(run.code === 0, `exit code ${run.code ?? run.signal}: ${whatFailed(run)}`);
  const got = digests(run.events);
  for (const [output, digest] of Object.entries(reference)) {
    require(got[output] === digest, `${output} is ${got[output]}, undisturbed it is ${digest}`);
  }
}

/** It failed with exit code 1 and a message; where `cause` is given, the message names it. */
export function failedWithMessage(run: Ended, cause?: RegExp): void {
  noStack(run);
  require(run.code === 1, `exit code ${run.code ?? run.signal} instead of 1: ${whatFailed(run)}`);
  const message = whatFailed(run);
  require(message !== '', 'it failed without a message');
  require(cause === undefined ||
    cause.test(message), `the message does not name the cause ${cause}: ${message}`);
}

/** Stages whose end a run has reported as done are not done again by the next one. */
export function nothingAgain(before: Ended, after: Ended): void {
  const finished = Object.entries(outcomes(before.events)).filter(
    ([, outcome]) => outcome === 'ran' || outcome === 'hit',
  );
  const now = outcomes(after.events);
  const again = finished
    .filter(([stage]) => now[stage] !== 'hit')
    .map(([stage]) => `${stage} (${now[stage]})`);
  require(again.length === 0, `finished before, and done again: ${again.join(', ')}`);
}

/** Every stage of the run was a hit. */
export function allHits(run: Ended): void {
  const others = Object.entries(outcomes(run.events)).filter(([, outcome]) => outcome !== 'hit');
  require(run.code === 0 &&
    others.length === 0, `not all hits: exit code ${run.code}, ${JSON.stringify(others)} ${whatFailed(run)}`);
}

/** No action was at work twice at the same time. */
export function neverOverlapping(attacked: Attacked): void {
  const overlaps = attacked.log().filter(({ what }) => what === 'overlap');
  require(overlaps.length ===
    0, `at work twice at the same time: ${overlaps.map(({ action }) => action).join(', ')}`);
}

/** However many runners there were, each action was started once and ended. */
export function eachOnce(attacked: Attacked, stages: readonly StageName[] = STAGE_NAMES): void {
  const log = attacked.log();
  for (const stage of stages) {
    const [starts, ends] = ['start', 'end'].map(
      (event) => log.filter(({ what, action }) => what === event && action === stage).length,
    );
    require(starts === 1 && ends === 1, `${stage} was started ${starts} times and ended ${ends} times`);
  }
  neverOverlapping(attacked);
}

/** Within five seconds nobody is alive who has `text` in the environment or the arguments. */
export async function nobodyAlive(text: string): Promise<void> {
  const alive = await survivors(text, PATIENCE_MS);
  const shown = alive.map(({ pid, argv }) => `${pid} ${argv.slice(0, 100)}`).join('; ');
  require(alive.length === 0, `alive ${PATIENCE_MS / 1000} s after the end: ${shown}`);
}

/** Every object that can be found holds the bytes of its name. */
export function soundStore(attacked: Attacked): void {
  const objects = join(attacked.artifacts, 'cache', 'objects');
  if (!existsSync(objects)) return;
  for (const entry of readdirSync(objects, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
    const name = path.slice(objects.length + 1).replace('/', '');
    require(digest === name, `the object ${name} holds other bytes`);
  }
}

/** What a run said of its failure: standard error, and the errors in its events. */
export function whatFailed({ stderr, events }: Ended): string {
  const told = events.flatMap((event) => {
    if (event.type === 'stage-finished' && event.error) return [`${event.stage}: ${event.error.message}`];
    return event.type === 'preflight-failed' ? event.problems.map(({ message }) => message) : [];
  });
  return [stderr.trim(), ...told].filter((text) => text !== '').join('\n');
}

/** The end of what was said, or what stands around the first line of a stack. */
function excerpt(text: string): string {
  const at = text.search(/\n\s+at /);
  return at < 0 ? text.slice(-500) : text.slice(Math.max(0, at - 300), at + 500);
}
