import type { ExecutorProfile } from '../../contract/executor/executor-profile.ts';
import type { JsonObject } from '../../contract/json.ts';
import type { StageType } from '../../contract/stage-type.ts';
import type { Place } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { nameHint } from '../diagnostics/did-you-mean.ts';
import { textsAsWritten } from '../expand/as-written.ts';
import { withoutExtensions } from '../expand/extensions.ts';
import { interpolate } from '../expand/interpolate.ts';
import type { PieceLibrary } from '../expand/pieces.ts';
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
import { checkSlots } from './check-slots.ts';
import { executionSettings, failIfOf } from './execution-settings.ts';
import { parseInputs } from './inputs.ts';
import { meantFile, ownStageFile } from './own-stages.ts';
import { refuseCredentials } from './refuse-credentials.ts';
import type { SettingChecks } from './setting-checks.ts';
import type { StageDraft } from './stage-draft.ts';
import { refuseSharedNames, variablesOf } from './stage-variables.ts';
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
  /** Where stages run that do not say it themselves. */
  readonly executor: ExecutorProfile | undefined;
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
  const filled = textsAsWritten(interpolate(withoutExtensions(written), reading), StageSchema);
  const body = context.pieces.resolve(filled, StageSchema);
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
      ...executionSettings(fields, context.executor),
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
    execution: executionSettings(undefined, undefined),
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
