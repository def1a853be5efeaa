import type { StoredArtifact } from '../../../cache/objects/object-store.ts';
import { parseResult, type StageResult } from '../../../contract/attempt/result.ts';
import type { StageSpec } from '../../../contract/attempt/spec.ts';
import { parseStageEvent, type StageEvent } from '../../../contract/attempt/stage-event.ts';
import { isObject } from '../../../contract/json.ts';
import { type Digest, type Digested, isDigest } from '../../../files/digest.ts';

const OUTCOME_VERSION = 1;
/** Of a message Kubernetes keeps so much. */
const MOST_MESSAGE_BYTES = 4096;
const MOST_ERROR_LETTERS = 2000;

/** All that a job gives back. It is an object of the store; its digest comes another way, which alone makes it believed. */
export interface Outcome {
  /** Digest of the order that it belongs to. */
  readonly order: Digest;
  readonly result: StageResult;
  /** Of one that is done: its outputs, which are in the store. */
  readonly outputs: Readonly<Record<string, StoredArtifact>>;
  /** What the stage printed. */
  readonly log: Digested;
  /** What the stage told, in order, without its progress. */
  readonly events: readonly StageEvent[];
}

export function encodeOutcome(outcome: Outcome): string {
  return JSON.stringify({ outcome: OUTCOME_VERSION, ...outcome });
}

/**
 * Reads an outcome, which must be of this order and have the outputs of its spec. Throws an Error that says what is wrong: another
 * version of pipe may have written it.
 */
export function parseOutcome(text: string, order: Digest, spec: StageSpec): Outcome {
  const value: unknown = JSON.parse(text);
  if (!isObject(value) || value.outcome !== OUTCOME_VERSION)
    throw new Error('it is no outcome of a known version');
  if (value.order !== order) throw new Error('it is the outcome of another order');
  const result = parseResult(JSON.stringify(value.result ?? null));
  const { log, events, outputs } = value;
  if (result === undefined || !isDigested(log) || !Array.isArray(events) || !isObject(outputs))
    throw new Error('it is no whole outcome');
  return {
    order,
    result,
    log,
    events: events.flatMap((event) => parseStageEvent(JSON.stringify(event)) ?? []),
    outputs: result.status === 'done' ? declaredOutputs(outputs, spec) : {},
  };
}

function declaredOutputs(
  outputs: Readonly<Record<string, unknown>>,
  spec: StageSpec,
): Record<string, StoredArtifact> {
  return Object.fromEntries(
    Object.entries(spec.outputs).map(([name, { artifact }]): [string, StoredArtifact] => {
      const output = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
      if (!isDigested(output) || !isObject(output) || output.artifact !== artifact)
        throw new Error(`it has no output ${name}`);
      const { digest, bytes } = output;
      return [
        name,
        { artifact, digest, bytes, ...(output.executable === true && { executable: true as const }) },
      ];
    }),
  );
}

/** What a job tells its queue, which hands it on: where the outcome is, or why there is none. */
export type JobMessage =
  | { readonly outcome: Digested }
  | {
      readonly error: { readonly message: string; readonly hint?: string };
      /** The object that the store did not give as it should. */
      readonly refused?: Digest;
    };

/** An error is shortened until it fits. */
export function encodeMessage(message: JobMessage, letters = MOST_ERROR_LETTERS): string {
  if ('outcome' in message) return JSON.stringify(message);
  const { error, refused } = message;
  const text = JSON.stringify({
    error: {
      message: error.message.slice(0, letters),
      ...(error.hint !== undefined && { hint: error.hint.slice(0, letters) }),
    },
    ...(refused !== undefined && { refused }),
  });
  return Buffer.byteLength(text) > MOST_MESSAGE_BYTES ? encodeMessage(message, letters >> 1) : text;
}

/** Undefined for anything else: other programs of the image may have written it. */
export function parseMessage(text: string): JobMessage | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) return undefined;
    const { outcome, error, refused } = value;
    if (isDigested(outcome)) return { outcome };
    if (!isObject(error) || typeof error.message !== 'string') return undefined;
    return {
      error: { message: error.message, ...(typeof error.hint === 'string' && { hint: error.hint }) },
      ...(isDigest(refused) && { refused }),
    };
  } catch {
    return undefined;
  }
}

function isDigested(value: unknown): value is Digested {
  const { digest, bytes } = Object(value) as Partial<Record<keyof Digested, unknown>>;
  return isDigest(digest) && Number.isSafeInteger(bytes) && (bytes as number) >= 0;
}
