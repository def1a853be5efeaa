import { isObject, type Json, type JsonObject } from '../contract/json.ts';
import type { DeclaredMetrics } from '../contract/metric.ts';
import { METRIC_NAME, METRICS_OUTPUT } from '../contract/own-metrics/declared-metric.ts';
import type { OwnCheck, OwnDeclaration } from '../contract/own-stage.ts';
import type { SettingsSchema } from '../contract/settings.ts';
import type { InputDeclaration } from '../contract/stage-type.ts';

const API_VERSION = 1;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,199}$/;
const KEYS = ['apiVersion', 'summary', 'settings', 'inputs', 'outputs', 'metrics', 'checks', 'run'];

/** What an own stage exports is not what it must be; the message says what. */
export class WrongDeclaration extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

/** What a stage declares, as plain data, from what its file exports. Throws a WrongDeclaration. */
export function declarationOf(exported: unknown): OwnDeclaration {
  if (typeof exported !== 'object' || exported === null)
    throw new WrongDeclaration(
      'it has no default export that is a stage',
      'write: export default defineStage({ apiVersion: 1, … }), with defineStage from @pipe-ml/pipe/stage',
    );
  const { apiVersion, run, ...rest } = exported as Record<string, unknown>;
  if (apiVersion !== API_VERSION)
    throw new WrongDeclaration(
      apiVersion === undefined ? 'it has no `apiVersion`' : `it has the apiVersion ${shown(apiVersion)}`,
      `this version of pipe knows \`apiVersion: ${API_VERSION}\``,
    );
  if (typeof run !== 'function') throw new WrongDeclaration('it has no function `run`');
  const unknown = Object.keys(rest).find((key) => !KEYS.includes(key));
  if (unknown !== undefined)
    throw new WrongDeclaration(`it has the unknown key \`${unknown}\``, `keys are ${KEYS.join(', ')}`);
  const declared = plainData(rest, 'the stage') as JsonObject;
  const settings = settingsOf(entriesOf(declared.settings, 'settings'));
  const metrics = metricsOf(entriesOf(declared.metrics, 'metrics', METRIC_NAME));
  return {
    summary: textOf(declared.summary ?? '', 'summary'),
    settings,
    inputs: inputsOf(entriesOf(declared.inputs, 'inputs', '^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,199}$')),
    outputs: outputsOf(entriesOf(declared.outputs, 'outputs'), metrics),
    metrics,
    checks: checksOf(declared.checks ?? [], Object.keys(settings.properties)),
  };
}

/** A copy that JSON holds as it is; a function or NaN in a declaration would be lost on the way to the planner. */
function plainData(value: unknown, where: string, depth = 0): Json {
  if (depth > 50) throw new WrongDeclaration(`${where} goes too deep, or in a circle`);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (Array.isArray(value))
    return value.map((item, index) => plainData(item, `${where}[${index}]`, depth + 1));
  if (typeof value === 'object') {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return Object.fromEntries(
      entries.map(([name, inner]) => [
        name,
        plainData(
          inner,
          where === 'the stage' ? `\`${name}\`` : `${where.slice(0, -1)}.${name}\``,
          depth + 1,
        ),
      ]),
    );
  }
  throw new WrongDeclaration(`${where} holds ${shown(value)}, which is no plain data`);
}

function entriesOf(
  value: Json | undefined,
  what: string,
  form = NAME.source,
): readonly [string, JsonObject][] {
  if (value === undefined) return [];
  if (!isObject(value)) throw new WrongDeclaration(`\`${what}\` must be an object`);
  return Object.entries(value).map(([name, about]) => {
    if (!new RegExp(form).test(name))
      throw new WrongDeclaration(
        `\`${what}\` has ${shown(name)}, which cannot be a name`,
        'names are up to 200 letters, digits, `_` and `-`, and begin with a letter',
      );
    if (!isObject(about)) throw new WrongDeclaration(`\`${what}.${name}\` must be an object`);
    return [name, about];
  });
}

/** The schema of all settings. `optional` is a word of ours; a setting counts unless it says otherwise. */
function settingsOf(entries: readonly [string, JsonObject][]): SettingsSchema {
  const required: string[] = [];
  const properties = entries.map(([name, { optional, ...schema }]) => {
    if (optional !== true) required.push(name);
    if (optional === true && schema.default !== undefined)
      throw new WrongDeclaration(`\`settings.${name}\` has a default, so it is not optional`);
    return [name, { affects: 'result', ...schema }] as const;
  });
  // Plain data has the form of what TypeBox makes, without the symbols by which TypeScript knows it.
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    additionalProperties: false,
    ...(required.length > 0 && { required }),
  } as unknown as SettingsSchema;
}

function inputsOf(entries: readonly [string, JsonObject][]): Record<string, InputDeclaration> {
  return Object.fromEntries(
    entries.map(([name, { artifact, description, optional, collects, ...rest }]) => {
      const where = `inputs.${name}`;
      requireNothingElse(rest, where);
      return [
        name,
        {
          artifact: artifactOf(artifact, where),
          description: textOf(description ?? '', `${where}.description`),
          ...(optional === true && { optional }),
          ...(collects === true && { collects }),
        },
      ];
    }),
  );
}

function outputsOf(
  entries: readonly [string, JsonObject][],
  metrics: DeclaredMetrics,
): OwnDeclaration['outputs'] {
  const measures = Object.keys(metrics).length > 0;
  if (entries.length === 0 && !measures)
    throw new WrongDeclaration('it has neither `outputs` nor `metrics`, so it gives nothing');
  return Object.fromEntries(
    entries.map(([name, { artifact, description, ...rest }]) => {
      const where = `outputs.${name}`;
      requireNothingElse(rest, where);
      if (measures && name === METRICS_OUTPUT)
        throw new WrongDeclaration(`the output \`${METRICS_OUTPUT}\` is made from what \`metrics\` declares`);
      return [
        name,
        {
          artifact: artifactOf(artifact, where),
          description: textOf(description ?? '', `${where}.description`),
        },
      ];
    }),
  );
}

function metricsOf(entries: readonly [string, JsonObject][]): DeclaredMetrics {
  return Object.fromEntries(
    entries.map(([name, { unit, better, description, scale, ...rest }]) => {
      const where = `metrics.${name}`;
      requireNothingElse(rest, where);
      if (better !== 'higher' && better !== 'lower')
        throw new WrongDeclaration(`\`${where}.better\` must be "higher" or "lower"`);
      return [
        name,
        {
          unit: textOf(unit, `${where}.unit`),
          better,
          ...(description !== undefined && { description: textOf(description, `${where}.description`) }),
          ...(scale !== undefined && { scale: scaleOf(scale, where) }),
        },
      ];
    }),
  );
}

function scaleOf(scale: Json, where: string): { readonly low: number; readonly high: number } {
  const { low, high } = isObject(scale) ? scale : {};
  if (typeof low === 'number' && typeof high === 'number' && low < high) return { low, high };
  throw new WrongDeclaration(`\`${where}.scale\` must be { low, high }, with low below high`);
}

function checksOf(checks: Json, settings: readonly string[]): readonly OwnCheck[] {
  if (!Array.isArray(checks)) throw new WrongDeclaration('`checks` must be a list');
  return checks.map((check: Json, index) => {
    const { setting, is, other, oneOf, hint } = isObject(check) ? check : {};
    const names = oneOf === undefined ? [setting, other] : oneOf;
    const known =
      Array.isArray(names) && names.every((name: Json | undefined) => settings.includes(name as string));
    if (!known || names.length < 2 || (oneOf === undefined && !['<', '<=', '!='].includes(is as string)))
      throw new WrongDeclaration(
        `\`checks[${index}]\` is no rule about settings`,
        "a rule is { setting, is: '<' | '<=' | '!=', other } or { oneOf: [setting, …] }, with names of settings",
      );
    return {
      ...(oneOf === undefined ? { setting, is, other } : { oneOf }),
      ...(hint !== undefined && { hint: textOf(hint, `checks[${index}].hint`) }),
    } as OwnCheck; // looked at above
  });
}

function artifactOf(artifact: Json | undefined, where: string): 'file' | 'directory' {
  if (artifact === 'file' || artifact === 'directory') return artifact;
  throw new WrongDeclaration(`\`${where}.artifact\` must be "file" or "directory"`);
}

function textOf(value: Json | undefined, where: string): string {
  if (typeof value === 'string') return value;
  throw new WrongDeclaration(`\`${where}\` must be a text`);
}

function requireNothingElse(rest: JsonObject, where: string): void {
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new WrongDeclaration(`\`${where}\` has the unknown key \`${unknown}\``);
}

function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : String(value).slice(0, 60);
}
