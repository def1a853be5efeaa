import { existsSync } from 'node:fs';
import { dottedEntries, plainText } from '../../contract/json.ts';
import { descriptionOf } from '../../contract/settings.ts';
import { metricsOf } from '../../contract/stage-type.ts';
import type { Pipeline, Stage } from '../../pipeline/pipeline.ts';
import { pipelineIfOnlyOne } from '../open/default-pipeline.ts';
import { artifactsDirectory, openPipeline, recalledPipeline } from '../open/open-pipeline.ts';
import { sweepOverride } from '../open/pipeline-options.ts';
import type { Candidate, Typed } from './candidate.ts';
import { files } from './file-candidates.ts';

/** What the pipeline that the words before the cursor name offers for the word at the cursor. */
export class PipelineCandidates {
  readonly #typed: Typed;
  readonly #current: string;

  constructor(typed: Typed, current: string) {
    this.#typed = typed;
    this.#current = current;
  }

  artifacts(): string {
    const given = this.#typed.options.get('--artifacts')?.at(-1);
    return artifactsDirectory(this.#file(), given === undefined ? {} : { artifacts: given });
  }

  /** By the word that stands for the place in the help; none where no pipeline is named, or it is wrong. */
  async at(place: string): Promise<readonly Candidate[]> {
    const known = PLACES[place];
    const pipeline = known && (await this.#pipeline());
    return pipeline === undefined ? [] : known!(pipeline, this.#current);
  }

  #file(): string | undefined {
    const given = this.#typed.given.find((word) => /\.ya?ml$/i.test(word) && existsSync(word));
    return given ?? pipelineIfOnlyOne();
  }

  async #pipeline(): Promise<Pipeline | undefined> {
    const file = this.#file();
    if (file === undefined) return undefined;
    const { options } = this.#typed;
    const set = [...(options.get('--set') ?? []), ...(options.get('--sweep') ?? []).map(sweepOverride)];
    try {
      return (
        recalledPipeline(file, { set }, this.artifacts()) ?? (await openPipeline(file, { set, frozen: true }))
      );
    } catch {
      return undefined; // a run will say what is wrong
    }
  }
}

type Offer = (pipeline: Pipeline, current: string) => readonly Candidate[];

const PLACES: Readonly<Record<string, Offer>> = {
  'path=value': (pipeline, current) =>
    current.startsWith('stages.') ? stageSettings(pipeline, current) : parameters(pipeline, current),
  'name=values': (pipeline, current) => parameters(pipeline, current),
  stage: stages,
  'stage.output': ({ stages }) =>
    stages.flatMap(({ id, outputs }) =>
      Object.entries(outputs).map(([name, { description }]) => ({
        value: `${id}.${name}`,
        about: description,
      })),
    ),
  'stage.metric': ({ stages }) =>
    stages.flatMap(({ name, type, settings }) =>
      metricsOf(type, settings).map((metric) => ({ value: `${name}.${metric.name}`, about: metric.unit })),
    ),
  'stage.input=file': inputs,
};

/** Parameters with their values; behind `name=` the value that it has. */
function parameters({ params }: Pipeline, current: string): readonly Candidate[] {
  return dottedEntries(params).flatMap(([name, value]): Candidate[] => {
    const text = plainText(value);
    const unnamed = { value: `${name}=`, about: text, open: true } as const;
    return current.startsWith(`${name}=`) ? [{ value: `${name}=${text}` }] : name === '' ? [] : [unnamed];
  });
}

/** `stages.`, `stages.train.with.`, `stages.train.with.epochs=`: a step at a time. */
function stageSettings({ stages }: Pipeline, current: string): readonly Candidate[] {
  const [, name] = /^stages\.([\w-]+)\.with\./.exec(current) ?? [];
  const own = stages.find((stage) => stage.name === name);
  if (own === undefined)
    return [...new Set(stages.map(({ name }) => name))].map((name) => ({
      value: `stages.${name}.with.`,
      open: true,
    }));
  return Object.entries(own.type.settings.properties).map(([key, setting]) => ({
    value: `stages.${name}.with.${key}=`,
    about: descriptionOf(setting),
    open: true,
  }));
}

/** Names of stages, of their variants too; after a comma the next one. */
function stages({ stages }: Pipeline, current: string): readonly Candidate[] {
  const [, before = ''] = /^(.*,)(?![A-Za-z_][\w-]*=)/s.exec(current) ?? [];
  const about = new Map<string, string>();
  for (const { name, type } of stages) about.set(name, type.uses);
  for (const stage of stages) about.set(variantName(stage, current), stage.type.uses);
  return [...about].map(([name, uses]) => ({ value: `${before}${name}`, about: uses }));
}

/** `train@learning_rate=0.001`, which needs no quotes; with brackets for who has typed one. */
function variantName({ id, name }: Stage, current: string): string {
  return id === name || current.includes('[') ? id : `${name}@${id.slice(name.length + 1, -1)}`;
}

function inputs({ stages }: Pipeline, current: string): readonly Candidate[] {
  const equals = current.indexOf('=');
  const [named, path] = [current.slice(0, equals + 1), current.slice(equals + 1)];
  if (equals >= 0) return files(path).map((file) => ({ ...file, value: named + file.value }));
  const all = stages.flatMap(({ name, inputs }) => Object.keys(inputs).map((input) => `${name}.${input}=`));
  return [...new Set(all)].map((value) => ({ value, open: true }));
}
