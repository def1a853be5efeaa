import { dirname, join } from 'node:path';
import { canonicalJson } from '../../contract/canonical-json.ts';
import type { JsonObject } from '../../contract/json.ts';
import { messageOf } from '../../contract/message-of.ts';
import { type Environment, worldOf } from '../../contract/world.ts';
import { digestOfBytes } from '../../files/digest.ts';
import { readMemo, writeMemo } from '../../files/memo.ts';
import type { Stage } from '../../pipeline/pipeline.ts';
import { stageEnvironment } from '../attempt/stage-environment.ts';

/** A hit must stay quick also where a server does not answer. */
const PATIENCE_MS = 1000;
/** For this long an answer is taken for granted. */
const MEMORY_MS = 60_000;

/** What the world said when it was asked, or why it could not be. */
export type Observation = { readonly facts: JsonObject } | { readonly unreachable: string };

/** Asks for the facts that decide whether a recorded result still holds, and remembers the answers for a minute. */
export class ObservedFacts {
  readonly #directory: string;
  readonly #environment: Environment;

  constructor(cacheDirectory: string, environment: Environment) {
    this.#directory = join(cacheDirectory, 'observed');
    this.#environment = environment;
  }

  /** The facts of a stage whose type has `observe`. */
  async of(stage: Stage): Promise<Observation> {
    const remembered = recall(this.#file(stage));
    if (remembered) return { facts: remembered };
    try {
      const environment = stageEnvironment(stage, this.#environment);
      const facts = await inTime((signal) =>
        stage.type.observe!(stage.settings, worldOf(environment, stage.secrets, signal)),
      );
      await this.remember(stage, facts);
      return { facts };
    } catch (error) {
      return { unreachable: messageOf(error) };
    }
  }

  /** Notes what the stage has just been told, by us or by its own process. */
  async remember(stage: Stage, facts: JsonObject): Promise<void> {
    const memo = { asked: Date.now(), facts };
    // A cache that cannot be written to can still be read: the world is asked again.
    await writeMemo(dirname(this.#directory), this.#file(stage), memo).catch(() => {});
  }

  #file({ type, settings }: Stage): string {
    return join(this.#directory, `${digestOfBytes(canonicalJson([type.uses, settings]))}.json`);
  }
}

/** Also ends when the question itself does not heed its signal. */
async function inTime<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const silence = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
  });
  return await Promise.race([ask(signal), silence]);
}

function recall(file: string): JsonObject | undefined {
  const { asked, facts } = (readMemo(file) ?? {}) as { asked?: number; facts?: JsonObject };
  const age = Date.now() - (asked ?? 0);
  return age >= 0 && age < MEMORY_MS ? facts : undefined;
}
