import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import {
  ENGINE_NAMES,
  type EngineCandidate,
  type EngineChoice,
  type EngineName,
} from '../contract/engine-name.ts';
import { StageError } from '../contract/stage-context.ts';
import { ENGINES } from './engines.ts';
import type { ProbeResult } from './probe.ts';

/** Loading CUDA's libraries for the first time can take this long. */
const PROBE_MS = 60_000;

/**
 * The engine for a run: the requested one, or under `auto` the best that works here and is not software in
 * the place of a GPU. Each is proved by a small computation in a process of its own; the first that works ends the
 * search. Throws StageError if the requested engine does not work.
 */
export async function chooseEngine(requested: EngineName | 'auto'): Promise<EngineChoice> {
  const candidates: EngineCandidate[] = [];
  for (const engine of requested === 'auto' ? ENGINE_NAMES : [requested]) {
    const candidate = await examine(engine);
    candidates.push(candidate);
    if (candidate.usable && (requested !== 'auto' || !candidate.only_by_name))
      return { engine, requested, reason: explain(requested, candidates), candidates };
  }
  const reasons = candidates.map(({ engine, reason }) => `${engine}: ${reason}`).join('; ');
  throw new StageError(`No engine works here (${reasons})`, {
    hint: 'Leave out `engine`, or run: pipe doctor',
  });
}

/** Every engine in turn, best first, working or not, with its measured speed. Takes seconds. */
export async function probeEngines(): Promise<EngineCandidate[]> {
  const candidates: EngineCandidate[] = [];
  for (const engine of ENGINE_NAMES) candidates.push(await examine(engine));
  return candidates;
}

function explain(requested: EngineName | 'auto', candidates: readonly EngineCandidate[]): string {
  const chosen = candidates.at(-1)!;
  if (requested !== 'auto') return `asked for by name; ${chosen.reason}`;
  const passedOver = candidates.slice(0, -1).map(({ engine, reason }) => `${engine}: ${reason}`);
  return [`the best that works here; ${chosen.reason}`, ...passedOver].join('; ');
}

async function examine(engine: EngineName): Promise<EngineCandidate> {
  const absent = absence(engine);
  if (absent !== undefined) return { engine, usable: false, ...absent };
  const result = await probeInChild(engine);
  if (!result.usable) return { engine, usable: false, reason: result.problem };
  const gflops = Number(result.gflops.toPrecision(3));
  const reason = 'a matrix product and its gradient came out right';
  if (result.device === undefined) return { engine, usable: true, reason, gflops };
  const { name, software } = result.device;
  if (!software) return { engine, usable: true, reason: `${reason} on ${name}`, gflops };
  return {
    engine,
    usable: true,
    reason: `${reason}, but ${name} is software on the processor and no GPU: only by name`,
    only_by_name: true,
    gflops,
  };
}

/** Why an engine need not even be tried, and how to get it. */
function absence(engine: EngineName): Pick<EngineCandidate, 'reason' | 'advice'> | undefined {
  const { needs } = ENGINES[engine];
  if (needs === undefined) return undefined;
  const { packages } = needs;
  const look = needs.look?.();
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return look?.isHere === false ? { reason: look.finding } : undefined;
  const seen = look ? `${look.finding}, ${look.isHere ? 'but' : 'and'} ` : '';
  const verb = missing.length === 1 ? 'is' : 'are';
  const install = `npm install ${packages.join(' ')}`;
  return {
    reason: `${seen}${missing.join(' and ')} ${verb} not installed (${install})`,
    ...(look?.isHere && { advice: `${look.finding}; the engine ${engine} needs: ${install}` }),
  };
}

function isInstalled(packageName: string): boolean {
  try {
    createRequire(import.meta.url).resolve(packageName);
    return true;
  } catch {
    return false;
  }
}

/** The result travels as a message: native libraries print what they like on standard output. */
function probeInChild(engine: EngineName): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const child = fork(probeProgram(), [engine], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      timeout: PROBE_MS,
    });
    let lastWords = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      lastWords = (lastWords + chunk.toString()).slice(-2000);
    });
    child.once('message', (result) => resolve(result as ProbeResult));
    child.once('error', (error) => resolve({ usable: false, problem: error.message }));
    child.once('close', (code, signal) => {
      const ending = signal === null ? `exit code ${code}` : signal;
      const words = lastWords.trim().split('\n').at(-1);
      resolve({ usable: false, problem: `its trial ended with ${ending}${words ? `: ${words}` : ''}` });
    });
  });
}

/** dist/engine-probe.js, from dist/parts/engine and dist/chunks as well as from src/engine. */
function probeProgram(): string {
  const candidates = ['../../engine-probe.js', '../engine-probe.js', '../../dist/engine-probe.js'];
  const paths = candidates.map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const program = paths.find((path) => existsSync(path));
  if (program === undefined)
    throw new Error(`engine-probe.js is in none of ${paths.join(', ')}: run npm run build`);
  return program;
}
