import { resolve } from 'node:path';
import type { JsonObject } from '../contract/json.ts';
import type { LoadedOwnStage, LoadOwnStage } from '../contract/own-stage.ts';
import type { StageType } from '../contract/stage-type.ts';
import { PipelineError } from './diagnostics/diagnostic.ts';
import { DiagnosticList } from './diagnostics/diagnostic-list.ts';
import { readWithBases } from './expand/extends.ts';
import { applyOverrides } from './expand/override.ts';
import { literalParams } from './expand/params.ts';
import { isPieceSetting, PieceLibrary } from './expand/pieces.ts';
import { expandSweep } from './expand/sweep.ts';
import { resolveVariants } from './expand/variants.ts';
import type { Pipeline } from './pipeline.ts';
import { loadOwnStages, ownTypesOf } from './resolve/own-stages.ts';
import { refuseCredentials } from './resolve/refuse-credentials.ts';
import type { ResolveContext } from './resolve/resolve-stage.ts';
import { SettingChecks } from './resolve/setting-checks.ts';
import { type PipelineFields, PipelineSchema } from './schema/pipeline-schema.ts';
import { addSchemaDiagnostics } from './schema/schema-diagnostics.ts';
import { validationSchema } from './schema/validation-schema.ts';
import type { Validators } from './schema/validator.ts';
import { Sources } from './yaml/sources.ts';
import { get, type MapValue, type Path, textOf, toJson } from './yaml/value.ts';

export interface LoadOptions {
  /** `key=value` texts of `--set`, in order. */
  readonly overrides: readonly string[];
  readonly stageTypes: ReadonlyMap<string, StageType>;
  readonly validators: Validators;
  /** Folder of the named pieces that come with the package. */
  readonly packageConfigs: string;
  /** File inputs may be absent: whoever plans knows their digests. */
  readonly absentInputs?: boolean;
  /** Loads stages of the user's own, and makes them stage types. */
  readonly own?: {
    readonly load: LoadOwnStage;
    readonly makeType: (uses: string, stage: LoadedOwnStage) => StageType;
  };
  /** Tells afterwards what was read and looked at. */
  readonly sources?: Sources;
}

/**
 * Reads a pipeline file with everything that it refers to, and checks and resolves all of it. Throws
 * PipelineError with everything that is wrong. Files are read one after the other, without waiting on the event
 * loop: they are few and small, and nothing else runs yet.
 */
export async function loadPipeline(file: string, options: LoadOptions): Promise<Pipeline> {
  const path = resolve(file);
  const { sources = new Sources() } = options;
  const diagnostics = new DiagnosticList();
  const fail = () => new PipelineError(diagnostics.sorted([path, ...sources.texts.keys()]), sources.texts);
  const written = readWithBases(path, sources, diagnostics);
  if (written === undefined) throw fail();
  const pieces = new PieceLibrary(path, options.packageConfigs, sources, diagnostics);
  const find = pieceFinder(options.stageTypes);
  const overridden = applyOverrides(written, options.overrides, sources, diagnostics, find);
  const document = pieces.resolve(overridden, PipelineSchema) as MapValue;
  refuseCredentials(document, sources, diagnostics);
  const fields = checkDocument(document, options.validators, diagnostics);
  const settingChecks = new SettingChecks();
  const context = { sources, pieces, diagnostics, settingChecks, executor: fields?.executor };
  const pipeline = await resolveDocument(document, path, options, context);
  await settingChecks.run(sources, diagnostics);
  if (!diagnostics.isEmpty || fields === undefined) throw fail();
  const { name, engine, slots } = fields;
  const ownFiles = Object.values(pipeline.ownStages ?? {}).flatMap(({ files }) => Object.keys(files));
  const files = [...new Set([...sources.paths, ...ownFiles])];
  return { ...pipeline, name, file: path, files, engine, slots };
}

/** Checks everything outside the stages; undefined where something is wrong. */
function checkDocument(
  document: MapValue,
  validators: Validators,
  diagnostics: DiagnosticList,
): PipelineFields | undefined {
  const validate = validators.get('pipeline')!;
  const fields = toJson(document);
  if (validate(fields)) return fields as unknown as PipelineFields;
  const key = { ...document.place, length: 1 };
  const checked = { value: document, key, name: 'the pipeline', schema: validationSchema(PipelineSchema) };
  addSchemaDiagnostics(validate.errors ?? [], checked, diagnostics);
  return undefined;
}

async function resolveDocument(
  document: MapValue,
  path: string,
  { stageTypes, validators, absentInputs = false, own }: LoadOptions,
  shared: Pick<ResolveContext, 'sources' | 'pieces' | 'diagnostics' | 'settingChecks' | 'executor'>,
): Promise<Pick<Pipeline, 'params' | 'variants' | 'stages' | 'leftOut' | 'ownStages'>> {
  const { sources, diagnostics } = shared;
  const params = literalParams(mapAt(document, 'params'), sources, diagnostics) as MapValue;
  const points = expandSweep(get(document, 'sweep'), params, diagnostics);
  const slots = mapAt(document, 'slots');
  const written = mapAt(document, 'stages');
  const allParams = points.map(({ params }) => params);
  const loaded = await loadOwnStages(written, allParams, { load: own?.load, sources, diagnostics });
  const types = await ownTypesOf(loaded, path, own?.makeType, diagnostics);
  const context = {
    ...shared,
    ...{ stageTypes, absentInputs },
    ownTypes: types.types,
    validators: new Map([...validators, ...types.validators]),
    slots: toJson(slots) as Readonly<Record<string, unknown>>,
  };
  const stages = resolveVariants(written.entries, points, context);
  const names = new Set(stages.map(({ name }) => name));
  return {
    params: toJson(params) as JsonObject,
    variants: points.map(({ label, params }) => ({ label, params: toJson(params) as JsonObject })),
    stages,
    leftOut: [...written.entries.keys()].filter((name) => !names.has(name)),
    ...(loaded.size > 0 && { ownStages: types.stages }),
  };
}

/** The map under `key`; an empty one if there is none (or something else, which the schema reports). */
function mapAt(document: MapValue, key: string): MapValue {
  const value = get(document, key);
  return value?.kind === 'map' ? value : { kind: 'map', entries: new Map(), place: document.place };
}

/** Tells of a path of the document (`stages.judge.with.judge`) whether it leads to a named piece. */
function pieceFinder(stageTypes: ReadonlyMap<string, StageType>) {
  return (document: MapValue) =>
    ([stages, name, key, ...setting]: Path): boolean => {
      const isExecutor =
        stages === 'executor' ? name === undefined : key === 'executor' && setting.length === 0;
      if (isExecutor) return true;
      if (stages !== 'stages' || key !== 'with' || setting.length === 0) return false;
      const uses = textOf(get(get(get(document, 'stages'), name ?? ''), 'uses'));
      const type = uses === undefined ? undefined : stageTypes.get(uses);
      return type !== undefined && isPieceSetting(type.settings, setting);
    };
}
