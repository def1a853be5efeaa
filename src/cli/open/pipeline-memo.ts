import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { canonicalJson } from '../../contract/canonical-json.ts';
import type { StageType } from '../../contract/stage-type.ts';
import { type Digest, digestOfBytes } from '../../files/digest.ts';
import { readMemo, writeMemo } from '../../files/memo.ts';
import { ownStageType } from '../../own-stages/own-stage-type.ts';
import { isUnchanged } from '../../own-stages/unchanged.ts';
import type { Pipeline, Stage } from '../../pipeline/pipeline.ts';
import { kindOf, type PathKind, type Sources } from '../../pipeline/yaml/sources.ts';

/** A resolved pipeline as JSON, and all that it was made of outside the command line. */
interface Memo {
  /** Digest of each file that was read. */
  readonly files: Readonly<Record<string, Digest>>;
  /** What lay at paths that were only looked at: a file that appears may stand in for another. */
  readonly seen: Readonly<Record<string, PathKind>>;
  /** The files of own stages are in `pipeline`. */
  readonly pipeline: Omit<Pipeline, 'stages'> & { readonly stages: readonly MemoStage[] };
}

/** What was asked for: another answer to any of it is another pipeline. */
interface PipelineQuestion {
  readonly file: string;
  readonly overrides: readonly string[];
  /** File inputs may be absent. */
  readonly absentInputs: boolean;
  readonly build: string;
}

/** Stage types are code, so they are named. */
type MemoStage = Omit<Stage, 'type'> & { readonly uses: string };

/**
 * Remembers how a pipeline was resolved, so that reading YAML and checking schemas need not even be loaded while no
 * byte of it changes. Only successes are remembered, one for each pipeline file, overrides, current folder and build.
 */
export class PipelineMemo {
  readonly #cacheDirectory: string;
  readonly #file: string;
  readonly #stageTypes: ReadonlyMap<string, StageType>;

  /** `build` identifies the code that resolves pipelines. */
  constructor(
    cacheDirectory: string,
    stageTypes: ReadonlyMap<string, StageType>,
    { file, overrides, absentInputs, build }: PipelineQuestion,
  ) {
    const parts = [resolve(file), overrides, process.cwd(), build, absentInputs];
    const name = digestOfBytes(canonicalJson(parts));
    this.#cacheDirectory = cacheDirectory;
    this.#file = join(cacheDirectory, 'pipelines', name);
    this.#stageTypes = stageTypes;
  }

  /** The pipeline, if nothing that it was made of has changed; a damaged memo is none. */
  recall(): Pipeline | undefined {
    const memo = readMemo(this.#file) as Memo | undefined;
    if (memo === undefined) return undefined;
    const { files, seen, pipeline } = memo;
    const stands =
      Object.entries(seen).every(([path, kind]) => kindOf(path) === kind) &&
      Object.entries(files).every(([path, digest]) => digestNow(path) === digest);
    const own = pipeline.ownStages ?? {};
    if (!stands || !Object.values(own).every(isUnchanged)) return undefined;
    const ownTypes = new Map(Object.entries(own).map(([uses, stage]) => [uses, ownStageType(uses, stage)]));
    const stages = pipeline.stages.map(({ uses, ...stage }) => ({
      ...stage,
      type: ownTypes.get(uses) ?? this.#stageTypes.get(uses)!,
      // JSON has no undefined.
      execution: { ...stage.execution, timeout: stage.execution.timeout },
    }));
    return { ...pipeline, stages };
  }

  /** Remembers a pipeline that was loaded from these sources. A cache that cannot be written to only loses time. */
  async remember(pipeline: Pipeline, sources: Sources): Promise<void> {
    if (!sources.paths.every(canBeReadAgain)) return;
    const memo: Memo = {
      files: Object.fromEntries(
        sources.paths.map((path) => [path, digestOfBytes(sources.texts.get(path) ?? '')]),
      ),
      seen: Object.fromEntries(sources.seen),
      pipeline: {
        ...pipeline,
        stages: pipeline.stages.map(({ type, ...stage }) => ({ ...stage, uses: type.uses })),
      },
    };
    // Where it cannot be written, the next run loads the pipeline again.
    await writeMemo(this.#cacheDirectory, this.#file, memo).catch(() => {});
  }
}

/** Whether reading a path takes nothing from who reads it next, as it does of a pipe; macOS also reads on in /dev/stdin. */
function canBeReadAgain(path: string): boolean {
  return !path.startsWith('/dev/') && (statSync(path, { throwIfNoEntry: false })?.isFile() ?? false);
}

/** Digest of a file; undefined where it cannot be read. */
function digestNow(path: string): Digest | undefined {
  try {
    if (!canBeReadAgain(path)) return undefined;
    return digestOfBytes(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
