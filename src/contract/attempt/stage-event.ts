import { ENGINE_NAMES, type EngineChoice } from '../engine-name.ts';
import { isObject, type Json, type JsonObject } from '../json.ts';

/** One line of an attempt's `events.ndjson`. `time` is milliseconds since the Unix epoch. */
export type StageEvent = { readonly time: number } & (
  | {
      readonly type: 'progress';
      readonly done: number;
      readonly total: number | null;
      readonly unit: string;
      readonly metrics?: Readonly<Record<string, number | string>>;
    }
  /** What computes tensors, where the process had to choose it. */
  | ({ readonly type: 'engine' } & EngineChoice)
  /** Where other machines have it: in their queue, or on one of them. The executor tells this. */
  | { readonly type: 'place'; readonly waits: boolean; readonly message: string }
  | { readonly type: 'log'; readonly message: string }
  /** A text that a model has generated while it is trained: shown on request. */
  | { readonly type: 'sample'; readonly message: string }
  | {
      readonly type: 'warning';
      readonly message: string;
      readonly hint?: string;
      /** The warning is about the result, and holds as long as that does. */
      readonly of_result?: true;
    }
  | { readonly type: 'metric'; readonly name: string; readonly value: number }
  | { readonly type: 'fact'; readonly name: string; readonly value: Json }
);

/**
 * An event of one line; undefined for anything else: a full disk may have cut a line short and let the next one follow
 * it, and a program that is not ours may write to the file.
 */
export function parseStageEvent(line: string): StageEvent | undefined {
  try {
    const event: unknown = JSON.parse(line);
    return isObject(event) && isStageEvent(event) ? event : undefined;
  } catch {
    return undefined;
  }
}

function isStageEvent(event: JsonObject): event is StageEvent & JsonObject {
  if (typeof event.time !== 'number') return false;
  switch (event.type) {
    case 'progress':
      return (
        typeof event.done === 'number' &&
        (event.total === null || typeof event.total === 'number') &&
        typeof event.unit === 'string' &&
        (event.metrics === undefined || isMetrics(event.metrics))
      );
    case 'log':
    case 'sample':
      return typeof event.message === 'string';
    case 'warning':
      return (
        typeof event.message === 'string' &&
        ['string', 'undefined'].includes(typeof event.hint) &&
        [true, undefined].includes(event.of_result as true | undefined)
      );
    case 'place':
      return typeof event.waits === 'boolean' && typeof event.message === 'string';
    case 'engine':
      return isEngineChoice(event);
    case 'metric':
      return typeof event.name === 'string' && typeof event.value === 'number';
    case 'fact':
      return typeof event.name === 'string' && event.value !== undefined;
    default:
      return false;
  }
}

function isEngineChoice({ engine, requested, reason, candidates }: JsonObject): boolean {
  const names: readonly unknown[] = ENGINE_NAMES;
  return (
    names.includes(engine) &&
    (requested === 'auto' || names.includes(requested)) &&
    typeof reason === 'string' &&
    Array.isArray(candidates) &&
    candidates.every((candidate) => isObject(candidate) && names.includes(candidate.engine))
  );
}

function isMetrics(metrics: unknown): boolean {
  return (
    typeof metrics === 'object' &&
    metrics !== null &&
    Object.values(metrics).every((value) => typeof value === 'number' || typeof value === 'string')
  );
}

/** An event that has not been given its time yet. */
export type Untimed<Event> = Event extends unknown ? Omit<Event, 'time'> : never;
