import { resolve } from 'node:path';
import type { JsonObject } from '../../contract/json.ts';
import { metricsOf, type StageType } from '../../contract/stage-type.ts';
import type { Place } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { nameHint } from '../diagnostics/did-you-mean.ts';
import { textsAsWritten } from '../expand/as-written.ts';
import { withoutExtensions } from '../expand/extensions.ts';
import { folderOf } from '../expand/folder-of.ts';
import { interpolate } from '../expand/interpolate.ts';
import type { PieceLibrary } from '../expand/pieces.ts';
import type { ExecutionSettings, FailIf, Stage } from '../pipeline.ts';
import { type StageFields, StageSchema } from '../schema/pipeline-schema.ts';
import { addSchemaDiagnostics } from '../schema/schema-diagnostics.ts';
import { validationSchema } from '../schema/validation-schema.ts';
import { settingsId, type Validators } from '../schema/validator.ts';
import type { Sources } from '../yaml/sources.ts';
import {
  type Entry,
  get,
  locate,
  type MapValue,
  textOf,
  toJson,
  type Value,
  withoutEntry,
} from '../yaml/value.ts';
import { parseInputs } from './inputs.ts';
import { meantFile, ownStageFile } from './own-stages.ts';
import { parseBytes, parseDuration } from './parse-units.ts';
import { refuseCredentials } from './refuse-credentials.ts';
import type { SettingChecks } from './setting-checks.ts';
import type { StageDraft } from './stage-draft.ts';
import { isWanted } from './when.ts';

/** What stages are resolved with. */
export interface ResolveContext {
  readonly stageTypes: ReadonlyMap<string, StageType>;
  /** Stages of the user's own, by the absolute path of their file; of one that is wrong that was reported. */
  readonly ownTypes: ReadonlyMap<string, StageType>;
  readonly validators: Validators;
  readonly pieces: PieceLibrary;
  readonly sources: Sources;
  readonly diagnostics: DiagnosticList;
  readonly absentInputs: boolean;
  readonly settingChecks: SettingChecks;
  /** How many there are of each slot of the pipeline, as it is written. */
  readonly slots: Readonly<Record<string, unknown>>;
}

/**
 * Resolves one stage with the given parameters: its condition, templates, pieces, settings with their defaults, outputs.
 * Also gives the names of the parameters that it read (`*`: all of them).
 */
export function resolveStage(
  name: string,
  entry: Entry,
  params: MapValue,
  context: ResolveContext,
): { readonly draft: StageDraft; readonly used: ReadonlySet<string> } {
  const { diagnostics, sources } = context;
  const used = new Set<string>();
  const reading = { params, sources, diagnostics, used };
  const when = get(entry.value, 'when');
  if (!isWanted(when, reading)) return { draft: leftOutDraft(name, entry.key, when!.place), used };
  const written = entry.value.kind === 'map' ? withoutEntry(entry.value, 'when') : entry.value;
  const body = textsAsWritten(interpolate(withoutExtensions(written), reading), StageSchema);
  refuseCredentials(body, sources, diagnostics);
  const fields = checkFields(name, entry.key, body, context);
  const type = findType(body, context);
  // A stage with a wrong key and no settings most likely misspelt `with`.
  const hasSettings = fields !== undefined || get(body, 'with') !== undefined;
  const settings = type && hasSettings ? resolveSettings(name, entry.key, body, type, context) : undefined;
  const draft: StageDraft = {
    name,
    key: entry.key,
    type,
    settings,
    outputs: settings && type?.outputs(settings),
    inputs: parseInputs(get(body, 'inputs')),
    ...variablesOf(fields),
    secrets: fields?.secrets ?? [],
    groups: fields?.groups ?? [],
    execution: {
      ...executionSettings(fields),
      ...failIfOf(body, fields, type && settings && { type, settings }, diagnostics),
    },
  };
  refuseSharedNames(draft, body, diagnostics);
  checkSlots(body, fields, context);
  return { draft, used };
}

/** A stage that is left out reads nothing and makes nothing. */
function leftOutDraft(name: string, key: Place, leftOut: Place): StageDraft {
  const nothing = { type: undefined, settings: undefined, outputs: undefined, inputs: new Map() };
  return {
    name,
    key,
    ...nothing,
    env: [],
    secrets: [],
    groups: [],
    execution: executionSettings(undefined),
    leftOut,
  };
}

/** Checks everything but the settings; undefined where something is wrong. */
function checkFields(
  name: string,
  key: Place,
  body: Value,
  context: ResolveContext,
): StageFields | undefined {
  const validate = context.validators.get('stage')!;
  const fields = toJson(body);
  if (validate(fields)) return fields as unknown as StageFields;
  const checked = { value: body, key, name: `stage \`${name}\``, schema: validationSchema(StageSchema) };
  addSchemaDiagnostics(validate.errors ?? [], checked, context.diagnostics);
  return undefined;
}

function findType(body: Value, { stageTypes, ownTypes, diagnostics }: ResolveContext): StageType | undefined {
  const uses = get(body, 'uses');
  const name = textOf(uses);
  if (uses === undefined || name === undefined || diagnostics.covers(uses.place)) return undefined;
  const own = ownStageFile(uses);
  if (own !== undefined) return ownTypes.get(own);
  const type = stageTypes.get(name);
  if (type === undefined) {
    diagnostics.add({
      code: 'unknown-stage-type',
      message: `there is no stage type \`${name}\``,
      place: uses.place,
      hint: meantFile(uses) ?? nameHint(name, stageTypes.keys(), 'stage types'),
    });
  }
  return type;
}

function resolveSettings(
  name: string,
  key: Place,
  body: Value,
  type: StageType,
  context: ResolveContext,
): JsonObject | undefined {
  const { diagnostics, pieces, validators } = context;
  const located = locate(body, ['with'], key);
  const written: Value =
    get(body, 'with') === undefined ? { kind: 'map', entries: new Map(), place: key } : located.value;
  if (written.kind !== 'map') return undefined;
  const before = diagnostics.size;
  const value = textsAsWritten(pieces.resolve(written, type.settings), type.settings);
  refuseCredentials(value, context.sources, diagnostics);
  const settings = toJson(value) as JsonObject;
  const validate = validators.get(settingsId(type.uses))!;
  if (!validate(settings)) {
    const checked = {
      value,
      key: located.key ?? key,
      name: `\`with\` of stage \`${name}\``,
      schema: validationSchema(type.settings),
    };
    addSchemaDiagnostics(validate.errors ?? [], checked, diagnostics);
    return undefined;
  }
  if (diagnostics.size > before) return undefined;
  context.settingChecks.add({ type, settings, written: value, key: located.key ?? key });
  return settings;
}

function executionSettings(fields: StageFields | undefined): ExecutionSettings {
  const slots = fields?.resources.slots;
  return {
    resources: {
      cpu: fields?.resources.cpu ?? 1,
      gpu: fields?.resources.gpu ?? 0,
      memory: fields === undefined ? 0 : parseBytes(fields.resources.memory),
      ...(slots !== undefined && Object.keys(slots).length > 0 && { slots }),
    },
    timeout: fields?.timeout === undefined ? undefined : parseDuration(fields.timeout),
    retries: fields?.retries ?? 0,
    ...(fields?.always && { always: true }),
  };
}

/** A stage type without metrics measures nothing that could be worse. */
function failIfOf(
  body: Value,
  fields: StageFields | undefined,
  measuring: Pick<Stage, 'type' | 'settings'> | undefined,
  diagnostics: DiagnosticList,
): { readonly failIf?: FailIf } {
  const written = get(body, 'fail_if');
  if (written === undefined || fields?.fail_if === undefined || measuring === undefined) return {};
  const { type, settings } = measuring;
  if (metricsOf(type, settings).length === 0) {
    const message = `stage type \`${type.uses}\` measures nothing, so it cannot be worse than a baseline`;
    const hint = typeof type.metrics === 'function' && 'declare what it measures under `metrics`';
    diagnostics.add({ code: 'no-metric', message, place: written.place, ...(hint && { hint }) });
  }
  const { worse_than: baseline, by, error_rate: errorRate } = fields.fail_if;
  if (typeof baseline === 'string') return { failIf: { worseThan: { name: baseline }, by, errorRate } };
  const { value } = locate(body, ['fail_if', 'worse_than', 'file'], written.place);
  return { failIf: { worseThan: { file: resolve(folderOf(value), baseline.file) }, by, errorRate } };
}

/** What a stage takes must be declared, or a misspelt name would limit nothing, and be there as often. */
function checkSlots(
  body: Value,
  fields: StageFields | undefined,
  { slots, diagnostics }: ResolveContext,
): void {
  for (const [name, wanted] of Object.entries(fields?.resources.slots ?? {})) {
    const { value, key } = locate(body, ['resources', 'slots', name]);
    const count = Object.hasOwn(slots, name) ? slots[name] : undefined;
    if (count === undefined) {
      diagnostics.add({
        code: 'unknown-slot',
        message: `the pipeline has no slot \`${name}\``,
        place: key ?? value.place,
        hint:
          Object.keys(slots).length > 0
            ? nameHint(name, Object.keys(slots), 'slots')
            : `say how many there are, at the top of the pipeline: \`slots: { ${name}: 1 }\``,
      });
    } else if (typeof count === 'number' && wanted > count) {
      diagnostics.add({
        code: 'too-many-slots',
        message: `it takes ${wanted} of the slot \`${name}\`, and there ${count === 1 ? 'is' : 'are'} ${count}`,
        place: value.place,
        hint: `take fewer, or have more: --slots ${name}=${wanted}`,
      });
    }
  }
}

/** Variables by their names, with the values that the file gives. */
function variablesOf(fields: StageFields | undefined): Pick<StageDraft, 'env' | 'envValues' | 'pass'> {
  const { env = [], pass } = fields ?? {};
  const passed = pass === undefined ? {} : { pass };
  if (Array.isArray(env)) return { env, ...passed };
  const given = Object.entries(env).flatMap(([name, value]) =>
    value === null ? [] : [[name, value] as const],
  );
  return { env: Object.keys(env), envValues: Object.fromEntries(given), ...passed };
}

/** A variable cannot both be recorded and be kept from being seen. */
function refuseSharedNames(draft: StageDraft, body: Value, diagnostics: DiagnosticList): void {
  refusePassed(draft, body, diagnostics);
  for (const [index, variable] of draft.secrets.entries()) {
    const other = draft.env.indexOf(variable);
    if (other < 0) continue;
    diagnostics.add({
      code: 'env-and-secret',
      message: `\`${variable}\` is both under \`env\` and under \`secrets\``,
      place: locate(body, ['secrets', String(index)]).value.place,
      hint: 'keep it under `secrets` if nobody may see it, under `env` if it decides the result',
      related: [{ message: 'it is under `env` here', place: placeInEnv(body, variable, other) }],
    });
  }
}

/** A variable cannot both count and not. */
function refusePassed(draft: StageDraft, body: Value, diagnostics: DiagnosticList): void {
  for (const [index, variable] of (draft.pass ?? []).entries()) {
    const other = [...draft.env, ...draft.secrets].indexOf(variable);
    if (other < 0) continue;
    const key = other < draft.env.length ? 'env' : 'secrets';
    diagnostics.add({
      code: 'passed-and-counted',
      message: `\`${variable}\` is both under \`pass\` and under \`${key}\``,
      place: locate(body, ['pass', String(index)]).value.place,
      hint: 'keep it under `env` if it decides the result, under `secrets` if nobody may see it, under `pass` if neither',
    });
  }
}

function placeInEnv(body: Value, variable: string, index: number): Place {
  const env = get(body, 'env');
  return locate(body, ['env', env?.kind === 'map' ? variable : String(index)]).value.place;
}
