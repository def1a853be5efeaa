import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BlobStore } from '../../../cache/objects/blob-store.ts';
import { ObjectStore, type StoredArtifact } from '../../../cache/objects/object-store.ts';
import { Exchange, RefusedObject } from '../../../cache/remote/exchange.ts';
import { RemoteBlobs } from '../../../cache/remote/remote-blobs.ts';
import { openStore } from '../../../cache/remote/stores/open-store.ts';
import type { StageResult } from '../../../contract/attempt/result.ts';
import type { StageSpec } from '../../../contract/attempt/spec.ts';
import type { StageEvent } from '../../../contract/attempt/stage-event.ts';
import { messageOf } from '../../../contract/message-of.ts';
import { StageError } from '../../../contract/stage-context.ts';
import { CacheError } from '../../../files/system-problem.ts';
import { storeOutputs } from '../../attempt/store-outputs.ts';
import { failed } from '../attempt-result.ts';
import { JOB_EXIT } from '../job-script.ts';
import type { LocalExecutor } from '../local-executor.ts';
import { broughtSpec } from './brought-spec.ts';
import { claimName, type JobPlace, parted, readPlace } from './job-place.ts';
import { encodeMessage, encodeOutcome, type JobMessage } from './outcome.ts';
import { persistently } from './persistently.ts';
import { tellStage } from './tell-stage.ts';

/** A store may be away: inputs are waited for, and longer for a place to put what was computed. */
const BRING_MS = 10 * 60_000;
const SEND_MS = 60 * 60_000;

/** What a process that SIGTERM has ended exits with. */
const TERMINATED = 143;
/** Whoever wants no transfer any more ends this process. */
const NEVER = new AbortController().signal;

/**
 * The whole life of a job on a machine that shares no folder with the runner: brings what its order names, runs the stage as any
 * machine does, sends what came out, and says where that is. Gives the exit code: 0 where the stage is done.
 */
export async function runJob(
  environment: Readonly<Record<string, string | undefined>>,
  executor: LocalExecutor,
): Promise<number> {
  const place = readPlace(environment);
  try {
    return await new RunningJob(place, environment, executor).live();
  } catch (error) {
    console.error(error instanceof StageError || error instanceof CacheError ? error.message : error);
    tell(place, {
      error: problemOf(error),
      ...(error instanceof RefusedObject && { refused: error.digest }),
    });
    return 1;
  }
}

class RunningJob {
  readonly #place: JobPlace;
  readonly #exchange: Exchange;
  readonly #objects: ObjectStore;
  readonly #executor: LocalExecutor;
  readonly #environment: Record<string, string>;
  readonly #log: string;
  /** Asks the stage to stop. */
  #stop: () => void = () => process.exit(TERMINATED);

  constructor(
    place: JobPlace,
    environment: Readonly<Record<string, string | undefined>>,
    executor: LocalExecutor,
  ) {
    const { ofStore, ofStage } = parted(environment);
    const cacheDirectory = join(place.scratch, 'cache');
    this.#place = place;
    this.#executor = executor;
    this.#environment = ofStage;
    this.#log = join(place.scratch, 'log');
    const open = async () => openStore(place.store, ofStore);
    this.#exchange = new Exchange({ address: place.store, open, cacheDirectory });
    const report = ({ message }: { readonly message: string }) => console.error(message);
    const blobs = new RemoteBlobs(new BlobStore(cacheDirectory, report), this.#exchange);
    this.#objects = new ObjectStore(blobs, report);
    mkdirSync(join(cacheDirectory, 'tmp'), { recursive: true });
  }

  async live(): Promise<number> {
    process.on('SIGTERM', () => this.#stop());
    if (!(await this.#begins())) return JOB_EXIT.begun;
    const { scratch, order } = this.#place;
    const spec = await this.#persistently(BRING_MS, async () => {
      const text = await this.#exchange.text(order, NEVER);
      return await broughtSpec(text, scratch, this.#objects);
    });
    const { result, events } = await this.#run(spec);
    await this.#send(spec, result, events);
    return result.status === 'failed' ? 1 : 0;
  }

  /** Whether nobody has begun this job before, or has decided that it is never to begin. */
  async #begins(): Promise<boolean> {
    const mine = randomUUID();
    const name = claimName(this.#place.name);
    return (await this.#persistently(BRING_MS, () => this.#exchange.claim(name, mine))) === mine;
  }

  async #run(spec: StageSpec): Promise<{ readonly result: StageResult; readonly events: StageEvent[] }> {
    const handle = this.#executor.start(spec, { environment: this.#environment, log: this.#log });
    this.#stop = () => handle.cancel();
    const events = await tellStage(handle, this.#log);
    const result = await handle.done;
    await this.#executor.close();
    if (result.status === 'displaced' || result.status === 'left') throw new Error(result.error.message);
    return { result, events };
  }

  /** What was computed is worth waiting for: only the queue ends that. */
  async #send(spec: StageSpec, result: StageResult, events: readonly StageEvent[]): Promise<void> {
    const { order } = this.#place;
    const stored = result.status === 'done' ? await this.#stored(spec) : {};
    const outputs = stored instanceof StageError ? {} : stored;
    const log = await this.#objects.put(this.#log, 'file');
    const digest = await this.#persistently(SEND_MS, async () => {
      for (const artifact of [log, ...Object.values(outputs)])
        await this.#exchange.send(artifact, this.#objects, NEVER);
      const outcome = {
        order: order.digest,
        result: stored instanceof StageError ? failed(problemOf(stored)) : result,
        ...{ outputs, log: { digest: log.digest, bytes: log.bytes }, events },
      };
      return await this.#exchange.sendText(encodeOutcome(outcome), NEVER);
    });
    tell(this.#place, { outcome: digest });
  }

  /** The outputs; or what is wrong with them. */
  async #stored(spec: StageSpec): Promise<Record<string, StoredArtifact> | StageError> {
    try {
      return await storeOutputs(spec.outputs, this.#objects, { keep: false });
    } catch (error) {
      if (error instanceof StageError) return error;
      throw error;
    }
  }

  async #persistently<T>(forMs: number, work: () => Promise<T>): Promise<T> {
    const onFailure = ({ message }: Error) => console.error(`${message}; trying again`);
    return await persistently({ signal: NEVER, forMs, onFailure }, work);
  }
}

function tell({ message: file }: JobPlace, message: JobMessage): void {
  writeFileSync(file, encodeMessage(message));
}

function problemOf(error: unknown): { readonly message: string; readonly hint?: string } {
  const { hint } = Object(error) as { readonly hint?: unknown };
  return { message: messageOf(error), ...(typeof hint === 'string' && { hint }) };
}
