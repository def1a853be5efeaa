import { existsSync } from 'node:fs';
import { dirname, relative, resolve, sep } from 'node:path';
import { messageOf } from '../../contract/message-of.ts';
import {
  isOwnStage,
  type LoadedOwnStage,
  type LoadOwnStage,
  type OwnStageProblem,
} from '../../contract/own-stage.ts';
import type { StageType } from '../../contract/stage-type.ts';
import type { Diagnostic, Place } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { folderOf } from '../expand/folder-of.ts';
import { interpolate } from '../expand/interpolate.ts';
import { settingsId, type Validator, type Validators } from '../schema/validator.ts';
import { LineTable } from '../yaml/line-table.ts';
import type { Sources } from '../yaml/sources.ts';
import { get, type MapValue, textOf, type Value } from '../yaml/value.ts';

/** Stages of the user's own, by the absolute path of their file. */
export type OwnStages = ReadonlyMap<string, LoadedOwnStage>;

interface OwnStagesContext {
  readonly load: LoadOwnStage | undefined;
  readonly sources: Sources;
  readonly diagnostics: DiagnosticList;
}

/** The file that `uses` names, absolute; undefined where it names a built-in stage type. */
export function ownStageFile(uses: Value): string | undefined {
  const text = textOf(uses);
  return text !== undefined && isOwnStage(text) ? resolve(folderOf(uses), text) : undefined;
}

/** Own stages as stage types, with what checks their settings. */
interface OwnTypes {
  /** By the absolute path of the file. */
  readonly types: ReadonlyMap<string, StageType>;
  readonly validators: Validators;
  /** By `uses`. */
  readonly stages: Readonly<Record<string, LoadedOwnStage>>;
}

/** The stage types of own stages. A schema that is wrong becomes a diagnostic. */
export async function ownTypesOf(
  loaded: OwnStages,
  pipelineFile: string,
  makeType: ((uses: string, stage: LoadedOwnStage) => StageType) | undefined,
  diagnostics: DiagnosticList,
): Promise<OwnTypes> {
  const types = new Map<string, StageType>();
  const validators: [string, Validator][] = [];
  const stages: [string, LoadedOwnStage][] = [];
  if (loaded.size === 0 || makeType === undefined) return { types, validators: new Map(), stages: {} };
  const { settingsValidator } = await import('../schema/compile-validators.ts');
  for (const [file, stage] of loaded) {
    const uses = ownStageName(file, pipelineFile);
    try {
      validators.push([settingsId(uses), settingsValidator(settingsId(uses), stage.declaration.settings)]);
      types.set(file, makeType(uses, stage));
      stages.push([uses, stage]);
    } catch (error) {
      diagnostics.add({
        code: 'own-stage',
        message: messageOf(error),
        place: { file: stage.code.file, offset: 0, length: 1 },
        hint: 'settings are declared in JSON Schema; docs/guides/own-stage.md lists its words',
      });
    }
  }
  return { types, validators: new Map(validators), stages: Object.fromEntries(stages) };
}

/** How a pipeline calls the stage in a file: by its path from the pipeline's folder, whoever wrote it. */
function ownStageName(file: string, pipelineFile: string): string {
  const path = relative(dirname(pipelineFile), file).split(sep).join('/');
  return path.startsWith('../') ? path : `./${path}`;
}

/** Where a text that is no stage type is the path of a file that is there, what was forgotten. */
export function meantFile(uses: Value): string | undefined {
  const text = textOf(uses) ?? '';
  const isFile = /\.[cm]?[jt]s$/.test(text) && existsSync(resolve(folderOf(uses), text));
  return isFile ? `a stage of your own begins with ./: uses: ./${text}` : undefined;
}

/**
 * Loads all stages of the user's own that the stages of a pipeline name with any of these parameters. What is wrong with one
 * becomes a diagnostic in its own file.
 */
export async function loadOwnStages(
  stages: MapValue,
  points: readonly MapValue[],
  { load, sources, diagnostics }: OwnStagesContext,
): Promise<OwnStages> {
  const loaded = new Map<string, LoadedOwnStage>();
  const seen = new Set<string>();
  for (const uses of namedBy(stages, points, { sources, diagnostics })) {
    const file = ownStageFile(uses);
    if (file === undefined || seen.has(file)) continue;
    seen.add(file);
    sources.kindOf(file);
    const stage = (await load?.(file)) ?? {
      problems: [{ message: 'stages of your own cannot be loaded here' }],
    };
    if ('problems' in stage)
      for (const problem of stage.problems) diagnostics.add(diagnosticOf(problem, uses.place, sources));
    else loaded.set(file, stage);
  }
  return loaded;
}

/** What stands under `uses` in each stage, for each of the parameters where it depends on them. */
function namedBy(
  { entries }: MapValue,
  points: readonly MapValue[],
  context: { readonly sources: Sources; readonly diagnostics: DiagnosticList },
): readonly Value[] {
  return [...entries.values()].flatMap(({ value }) => {
    const uses = get(value, 'uses');
    if (uses === undefined) return [];
    const isTemplate = textOf(uses)?.includes('${') ?? false;
    return isTemplate
      ? points.map((params) => interpolate(uses, { ...context, params, used: new Set() }))
      : [uses];
  });
}

function diagnosticOf({ message, hint, at }: OwnStageProblem, uses: Place, sources: Sources): Diagnostic {
  const text = at && textIn(at.file, sources);
  if (at === undefined || text === undefined)
    return { code: 'own-stage', message, place: uses, ...(hint !== undefined && { hint }) };
  const offset = Math.min(text.length, new LineTable(text).offsetOf(at.line, at.column));
  return {
    code: 'own-stage',
    message,
    place: { file: at.file, offset, length: Math.max(1, at.length) },
    ...(hint !== undefined && { hint }),
    related: [{ message: 'the stage is used here', place: uses }],
  };
}

function textIn(file: string, sources: Sources): string | undefined {
  try {
    return sources.read(file);
  } catch {
    return undefined;
  }
}
