import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ObjectStore } from '../../../cache/objects/object-store.ts';
import { type Exchange, RefusedObject } from '../../../cache/remote/exchange.ts';
import { attemptFiles } from '../../../contract/attempt/attempt-files.ts';
import type { StageSpec } from '../../../contract/attempt/spec.ts';
import type { StageEvent } from '../../../contract/attempt/stage-event.ts';
import type { JsonObject } from '../../../contract/json.ts';
import { messageOf } from '../../../contract/message-of.ts';
import { StageError } from '../../../contract/stage-context.ts';
import type { Digested } from '../../../files/digest.ts';
import { orAbsent } from '../../../files/system-problem.ts';
import { cancelled, displaced, failed } from '../attempt-result.ts';
import type { AttemptResult } from '../executor.ts';
import { JOB_EXIT } from '../job-script.ts';
import { describeDeath } from '../process-death.ts';
import { preventJob } from '../through-store/job-place.ts';
import { type Outcome, parseMessage, parseOutcome } from '../through-store/outcome.ts';
import { persistently } from '../through-store/persistently.ts';
import { sendOrder } from '../through-store/send-order.ts';
import { noProgram } from './attempt-end.ts';
import { type Cluster, ClusterError } from './cluster.ts';
import type { EndedPod, Meeting, PodParts } from './meeting.ts';
import type { Pod } from './objects.ts';
import { PodOutput } from './pod-output.ts';
import { type StoreOfPods, storeParts } from './store-parts.ts';
import type { Turns } from './turns.ts';

/** So long somebody who wants to stop waits for the store. */
const LEFT_MS = 20_000;
const DELETE_AGAIN_MS = 2000;
const DELETE_TIMES = 10;
/** What a process that SIGTERM has ended exits with. */
const TERMINATED = 143;
const STOPPED_BY_OTHERS = { message: 'its pod was asked to stop, and not by this run' };

export interface StoreMeetingOptions {
  readonly cluster: Cluster;
  readonly exchange: Exchange;
  readonly objects: ObjectStore;
  readonly store: StoreOfPods;
  /** The Job's. */
  readonly name: string;
  readonly spec: StageSpec;
  readonly log: string;
  /** Of an attempt that an earlier runner has handed in. */
  readonly order?: Digested;
  /** The questions for output of all pods. */
  readonly logTurns: Turns;
  /** Says why it waits. */
  readonly tell: (message: string) => void;
}

/**
 * The store, in which the order is and the pod puts what comes out; and the API server, which alone hands on where that is. So
 * whoever may write to the store alone can break an attempt, and cannot decide what it gives.
 */
export class StoreMeeting implements Meeting {
  readonly #options: StoreMeetingOptions;
  readonly #outcomeFile: string;
  #order: Digested | undefined;
  #outcome: Outcome | undefined;
  readonly #output: PodOutput;

  constructor(options: StoreMeetingOptions) {
    this.#options = options;
    this.#output = new PodOutput(options);
    this.#order = options.order;
    this.#outcomeFile = join(options.spec.attemptDirectory, 'outcome.json');
  }

  get reference(): JsonObject {
    const { address } = this.#options.exchange;
    return { store: address, ...(this.#order && { order: { ...this.#order } }) };
  }

  async prepare(spec: StageSpec, signal: AbortSignal): Promise<PodParts> {
    const { exchange, objects, name, store } = this.#options;
    const onFailure = ({ message }: Error) => this.#tellAway(message);
    const order = await persistently({ signal, onFailure }, () => sendOrder(spec, exchange, objects, signal));
    this.#order = order;
    return storeParts({ name, order, store: exchange.address }, store, process.env);
  }

  async prevent(): Promise<boolean> {
    return await preventJob(this.#options.exchange, this.#options.name);
  }

  /** The pod is ended with the grace that it has, which its program passes on. */
  async askToStop(): Promise<boolean> {
    const { cluster, name } = this.#options;
    for (let times = 0; times < DELETE_TIMES; times++) {
      try {
        await cluster.deleteJob(name);
        return true;
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        await delay(DELETE_AGAIN_MS);
      }
    }
    return false;
  }

  saw(pods: readonly Pod[]): void {
    this.#output.saw(pods);
  }

  events(ended: Promise<unknown>): AsyncIterable<StageEvent> {
    return this.#output.events(ended, () => this.#outcome?.events ?? []);
  }

  async result(pods: readonly Pod[]): Promise<AttemptResult | undefined> {
    const text = await orAbsent(readFile(this.#outcomeFile, 'utf8'));
    if (text !== undefined) return this.#resultOf(this.#parsed(text), true);
    const outcome = outcomeOf(pods);
    if (outcome === undefined) return undefined;
    // That it cannot be had now says nothing.
    return await this.#taken(outcome, true, AbortSignal.timeout(LEFT_MS)).catch(() => undefined);
  }

  async end({ exitCode, pods, asked }: EndedPod, signal: AbortSignal): Promise<AttemptResult> {
    if (this.#outcome !== undefined) return this.#resultOf(this.#outcome, asked);
    const outcome = outcomeOf(pods);
    if (outcome === undefined) return await this.#withoutOutcome(exitCode, pods, asked);
    const until = asked ? AbortSignal.timeout(LEFT_MS) : signal;
    const { address } = this.#options.exchange;
    const onFailure = ({ message }: Error) => this.#tellAway(message);
    try {
      return await persistently({ signal: until, onFailure }, () => this.#taken(outcome, asked, until));
    } catch (error) {
      const message = messageOf(error);
      if (until.aborted) return left(`what it gave cannot be read from ${address}: ${message}`);
      if (!(error instanceof RefusedObject || error instanceof StageError)) throw error;
      return failed({
        message: `what the pod gave is not used: ${message}`,
        hint: `Does somebody write to ${address} who should not? Run again.`,
      });
    }
  }

  gone(): AttemptResult {
    return displaced({ message: 'its pod is gone from the cluster, and with it the way to what it gave' });
  }

  async #withoutOutcome(exitCode: number, pods: readonly Pod[], asked: boolean): Promise<AttemptResult> {
    if (asked) return cancelled();
    if (exitCode === JOB_EXIT.begun) return displaced({ message: 'the cluster started it twice' });
    if (exitCode === JOB_EXIT.noProgram) return noProgram();
    if (pods.length === 0) return this.gone();
    if (exitCode === TERMINATED) return displaced(STOPPED_BY_OTHERS);
    const message = messagesOf(pods).find((one) => one !== undefined);
    if (message && 'error' in message) {
      if (message.refused !== undefined) this.#options.exchange.distrust(message.refused);
      return failed(message.error);
    }
    await this.#output.readOn();
    const { spec, log } = this.#options;
    const signal = exitCode === 137 ? 'SIGKILL' : undefined;
    return failed(await describeDeath({ exitCode, signal }, log, attemptFiles(spec.attemptDirectory).result));
  }

  /** Brings an outcome here, with its log. It is put down, because its Job is removed before it is on record. */
  async #taken(outcome: Digested, asked: boolean, signal: AbortSignal): Promise<AttemptResult> {
    const { exchange, log } = this.#options;
    const text = await exchange.text(outcome, signal);
    const parsed = this.#parsed(text);
    await this.#output.complete(() => exchange.save(parsed.log, log, signal));
    await writeFile(`${this.#outcomeFile}.draft`, text);
    await rename(`${this.#outcomeFile}.draft`, this.#outcomeFile);
    return this.#resultOf(parsed, asked);
  }

  /** Throws a StageError for anything that is no outcome of this attempt. */
  #parsed(text: string): Outcome {
    const { spec, exchange } = this.#options;
    const { digest } = this.#order!;
    try {
      return parseOutcome(text, digest, spec);
    } catch (error) {
      throw new StageError(`the outcome in ${exchange.address} is wrong: ${messageOf(error)}`);
    }
  }

  #resultOf(outcome: Outcome, asked: boolean): AttemptResult {
    this.#outcome = outcome;
    const { result, outputs } = outcome;
    if (result.status === 'done') return { ...result, outputs };
    // Whoever takes a machine away asks first (SIGTERM), and the stage stops as if it were cancelled.
    if (result.status === 'cancelled' && !asked) return displaced(STOPPED_BY_OTHERS);
    return result;
  }

  #tellAway(message: string): void {
    const { exchange, tell } = this.#options;
    tell(`${exchange.address} cannot be reached; waiting for it (${message})`);
  }
}

function left(message: string): AttemptResult {
  return { status: 'left', error: { message, hint: 'The next run looks again.' } };
}

function messagesOf(pods: readonly Pod[]) {
  return pods.map(({ status }) =>
    parseMessage(status?.containerStatuses?.[0]?.state?.terminated?.message ?? ''),
  );
}

/** Where the outcome is; of a Job that the cluster has started twice, that of the pod that worked. */
function outcomeOf(pods: readonly Pod[]): Digested | undefined {
  return messagesOf(pods).flatMap((message) => (message && 'outcome' in message ? [message.outcome] : []))[0];
}
