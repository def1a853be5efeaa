import { isObject, type Json, type JsonObject } from '../../contract/json.ts';
import { METRIC_NAME } from '../../contract/own-metrics/declared-metric.ts';
import type { ReportedMetric } from '../../contract/own-metrics/metric-collector.ts';

/** What a program says on the file that PIPE_EVENTS names. */
export type ProgramEvent =
  | {
      readonly type: 'progress';
      readonly done: number;
      readonly total: number | null;
      readonly unit: string;
      readonly metrics?: Readonly<Record<string, number | string>>;
    }
  | ({ readonly type: 'metric' } & ReportedMetric)
  | { readonly type: 'warning'; readonly message: string; readonly hint?: string }
  | { readonly type: 'log'; readonly message: string };

/** A line that says nothing that is understood; the message says why. */
export class BadLine extends Error {}

const FORMS = {
  progress: ['progress', 'total', 'unit', 'metrics'],
  metric: ['metric', 'value', 'item'],
  warning: ['warning', 'hint'],
  log: ['log'],
} as const;

/** The event of one line. Throws a BadLine. */
export function parseProgramEvent(line: string): ProgramEvent {
  const content = withOneName(parseLine(line));
  const kinds = Object.keys(FORMS).filter((kind) => Object.hasOwn(content, kind));
  const [kind, other] = kinds as (keyof typeof FORMS)[];
  if (kind === undefined) throw new BadLine(`it has none of the keys ${Object.keys(FORMS).join(', ')}`);
  if (other !== undefined) throw new BadLine(`it has both \`${kind}\` and \`${other}\``);
  const known: readonly string[] = FORMS[kind];
  const unknown = Object.keys(content).find((key) => !known.includes(key));
  if (unknown !== undefined)
    throw new BadLine(
      `it has the unknown key \`${unknown}\`; with \`${kind}\` there may be ${known.slice(1).join(', ') || 'no other key'}`,
    );
  switch (kind) {
    case 'progress':
      return progressOf(content);
    case 'metric':
      return metricOf(content);
    case 'warning': {
      const { warning, hint } = content;
      return {
        type: 'warning',
        message: textOf(warning, 'warning'),
        ...(hint !== undefined && { hint: textOf(hint, 'hint') }),
      };
    }
    case 'log':
      return { type: 'log', message: textOf(content.log, 'log') };
  }
}

function parseLine(line: string): JsonObject {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch {
    const noNumber = /\b(NaN|-?Infinity)\b/.exec(line)?.[1];
    throw new BadLine(noNumber === undefined ? 'it is no JSON' : `JSON has no ${noNumber}; write null`);
  }
  if (!isObject(content)) throw new BadLine('it is no JSON object');
  return content;
}

/** `warn` is what many languages call it. */
function withOneName(content: JsonObject): JsonObject {
  if (!Object.hasOwn(content, 'warn') || Object.hasOwn(content, 'warning')) return content;
  const { warn, ...rest } = content;
  return { ...rest, warning: warn! };
}

function progressOf({ progress, total = null, unit = 'steps', metrics }: JsonObject): ProgramEvent {
  const done = amountOf(progress!, 'progress');
  const all = total === null ? null : amountOf(total, 'total');
  if (all !== null && done > all) throw new BadLine(`\`progress\` is ${done}, more than \`total\`, ${all}`);
  if (metrics !== undefined && !isShown(metrics))
    throw new BadLine('`metrics` must be an object of numbers and texts');
  return {
    type: 'progress',
    done,
    total: all,
    unit: textOf(unit, 'unit'),
    ...(metrics !== undefined && { metrics }),
  };
}

function metricOf({ metric, value, item }: JsonObject): ProgramEvent {
  const name = textOf(metric, 'metric');
  if (!new RegExp(METRIC_NAME).test(name))
    throw new BadLine('`metric` must be a name: up to 200 letters, digits, `_`, `.` and `-`');
  if (value !== null && !isFiniteNumber(value)) throw new BadLine('`value` must be a number, or null');
  if (item === undefined) return { type: 'metric', name, value };
  if (typeof item !== 'string' && !isFiniteNumber(item))
    throw new BadLine('`item` must be a text or a number');
  return { type: 'metric', name, value, item: String(item) };
}

function amountOf(value: Json, key: string): number {
  if (isFiniteNumber(value) && value >= 0) return value;
  throw new BadLine(`\`${key}\` must be a number of at least 0`);
}

function textOf(value: Json | undefined, key: string): string {
  if (typeof value === 'string') return value;
  throw new BadLine(`\`${key}\` must be a text`);
}

/** A number of a JSON text may be too large for one: `1e999`. */
function isFiniteNumber(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isShown(metrics: Json): metrics is Readonly<Record<string, number | string>> {
  return (
    isObject(metrics) &&
    Object.values(metrics).every((value) => typeof value === 'string' || isFiniteNumber(value))
  );
}
