import { isObject } from '../../contract/json.ts';
import type { RunEvent } from './run-event.ts';
import type { RunAbout } from './stored-run.ts';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isTime: Check = (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const isNumber: Check = (value) => typeof value === 'number';
const isOptional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const isListOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const isMapOf =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(check);
/** An object whose fields pass; it may have others. */
const isLike =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isObject(value) && Object.entries(fields).every(([name, check]) => check(value[name]));

const isAboutShape = isLike({
  run: isText,
  started: isTime,
  pipeline: isText,
  file: isText,
  params: isObject,
  variants: isOptional(isListOf(isLike({ label: isText, params: isObject, stages: isListOf(isText) }))),
  commit: isOptional(isText),
  argv: isListOf(isText),
  host: isText,
  versions: isMapOf(isText),
});

const ofStage = { stage: isText, time: isTime };

/** Of each kind of event what some reader of stored runs looks at. */
const EVENTS: Readonly<Record<string, Check>> = {
  'run-started': isLike({ stages: isListOf(isLike({ stage: isText, uses: isText })) }),
  'engine-chosen': isLike({ engine: isText, reason: isText }),
  'stage-started': isLike({ ...ofStage, action: isText }),
  'stage-progress': isLike({ ...ofStage, done: isNumber, metrics: isOptional(isObject) }),
  'stage-metric': isLike({ ...ofStage, name: isText, value: isNumber }),
  'stage-finished': isLike({
    ...ofStage,
    outcome: isText,
    reason: isLike({ message: isText }),
    duration_ms: isNumber,
    action: isOptional(isText),
    outputs: isMapOf(isLike({ digest: isText, bytes: isNumber })),
    metrics: isOptional(isMapOf(isNumber)),
  }),
  'run-estimated': isLike({ time: isTime, left_ms: isNumber, unknown: isNumber }),
  'run-finished': isLike({ time: isTime, outcome: isText, duration_ms: isNumber, counts: isObject }),
};

/** Whether a value is what `run.json` holds: all that is looked at has the type that it should have. */
export function isRunAbout(value: unknown): value is RunAbout {
  return isAboutShape(value);
}

/** Whether a value is an event of a run, as far as anybody looks at it. */
export function isRunEvent(value: unknown): value is RunEvent {
  if (!isObject(value) || typeof value.type !== 'string') return false;
  const check = Object.hasOwn(EVENTS, value.type) ? EVENTS[value.type]! : isLike({});
  return check(value) && (!value.type.startsWith('stage-') || isText(value.stage));
}
