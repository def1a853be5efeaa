import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ActionRecord } from '../../cache/records/action-record.ts';
import { restoreInline } from '../../cache/records/inline-outputs.ts';
import type { Attempt } from '../../cache/work-directory.ts';
import { attemptFiles } from '../../contract/attempt/attempt-files.ts';
import {
  type InputsToBring,
  SPEC_VERSION,
  type SpecArtifact,
  type SpecInput,
  type StageSpec,
} from '../../contract/attempt/spec.ts';
import type { EngineChoice, EngineName } from '../../contract/engine-name.ts';
import { versionOf } from '../../contract/stage-type.ts';
import type { Stage } from '../../pipeline/pipeline.ts';
import type { Action, ActionInput, RecordOf } from '../plan/decide.ts';
import type { FileInputs } from '../plan/file-inputs.ts';
import type { LostOutput } from '../plan/lost-outputs.ts';
import type { Workspace } from '../workspace.ts';
import { copyOf, readyInput } from './ready-input.ts';

export interface SpecOrder {
  readonly stage: Stage;
  readonly action: Action;
  readonly attempt: Attempt;
  /** Earlier attempts of the action that did not come to an end, newest first. */
  readonly earlier: readonly Attempt[];
  /** The engine of the run, or the one that the stage is to choose for itself; undefined where it has no use for one. */
  readonly engine: EngineChoice | EngineName | 'auto' | undefined;
  /** The machine that runs it brings the inputs itself. */
  readonly isFar: boolean;
}

export interface InputSources {
  readonly workspace: Workspace;
  readonly files: FileInputs;
  readonly recordOf: RecordOf;
}

/**
 * Fills the directory of an attempt with everything that its process needs, `spec.json` last. Gives the lost ones
 * instead where outputs of other stages cannot be read any more.
 */
export async function prepareSpec(
  order: SpecOrder,
  sources: InputSources,
): Promise<{ readonly spec: StageSpec } | { readonly lost: readonly LostOutput[] }> {
  const { stage, action, attempt } = order;
  const files = attemptFiles(attempt.directory);
  const inputs = new InputPreparation(stage, files.inputs, sources);
  const near = !order.isFar;
  const spec: StageSpec = {
    spec: SPEC_VERSION,
    uses: stage.type.uses,
    version: versionOf(stage.type, stage.settings),
    ...(stage.type.own && { own: stage.type.own }),
    key: action.key,
    attempt: attempt.attempt,
    settings: stage.settings,
    inputs: near ? await inputs.prepareAll(action.inputs, '') : {},
    collections: near ? await inputs.prepareCollections(action.collections) : {},
    ...(order.isFar && { toBring: await inputs.named(action) }),
    outputs: Object.fromEntries(
      Object.entries(stage.outputs).map(([name, { artifact, path }]) => [
        name,
        { artifact, path: join(files.outputs, path) },
      ]),
    ),
    attemptDirectory: attempt.directory,
    earlierWorkDirectories: order.earlier.map(({ directory }) => attemptFiles(directory).work),
    itemsDirectory: sources.workspace.itemsDirectory,
    secrets: stage.secrets,
    ...engineFields(order.engine),
  };
  if (inputs.lost.length > 0) return { lost: inputs.lost };
  for (const directory of [files.work, files.scratch]) await mkdir(directory);
  for (const { path } of Object.values(spec.outputs)) await mkdir(dirname(path), { recursive: true });
  await writeFile(files.events, '');
  await writeFile(files.spec, `${JSON.stringify(spec, null, 2)}\n`);
  return { spec };
}

function engineFields(
  engine: SpecOrder['engine'],
): Pick<StageSpec, 'engine' | 'engineByName' | 'engineWanted'> {
  if (typeof engine === 'string') return { engine: null, engineWanted: engine };
  if (engine === undefined) return { engine: null, engineByName: false };
  return { engine: engine.engine, engineByName: engine.requested !== 'auto' };
}

/** Makes inputs readable for one attempt, and notes those that cannot be. */
class InputPreparation {
  readonly lost: LostOutput[] = [];
  readonly #access: InputsToBring['access'];
  readonly #copies: string;
  readonly #sources: InputSources;

  constructor(stage: Stage, copies: string, sources: InputSources) {
    this.#access = stage.type.inputAccess ?? 'in-place';
    this.#copies = copies;
    this.#sources = sources;
  }

  async prepareCollections(
    collections: Readonly<Record<string, Readonly<Record<string, ActionInput>>>>,
  ): Promise<Record<string, Record<string, SpecInput>>> {
    const prepared: [string, Record<string, SpecInput>][] = [];
    for (const [name, inputs] of Object.entries(collections)) {
      prepared.push([name, await this.prepareAll(inputs, name)]);
    }
    return Object.fromEntries(prepared);
  }

  async prepareAll(
    inputs: Readonly<Record<string, ActionInput>>,
    folder: string,
  ): Promise<Record<string, SpecInput>> {
    const prepared: [string, SpecInput][] = [];
    for (const [name, input] of Object.entries(inputs)) {
      const ready = await this.#prepare(input, copyOf(this.#copies, folder, name));
      if (ready) prepared.push([name, ready]);
      else if ('stage' in input.from) this.lost.push(input.from);
    }
    return Object.fromEntries(prepared);
  }

  /** Names inputs that can be had, here or from the store, and leaves them where they are. */
  async named({ inputs, collections }: Action): Promise<InputsToBring> {
    const named: [string, Record<string, SpecArtifact>][] = [];
    for (const [name, members] of Object.entries(collections)) named.push([name, await this.#name(members)]);
    return {
      access: this.#access,
      inputs: await this.#name(inputs),
      collections: Object.fromEntries(named),
    };
  }

  async #name(inputs: Readonly<Record<string, ActionInput>>): Promise<Record<string, SpecArtifact>> {
    const { objects } = this.#sources.workspace;
    for (const input of Object.values(inputs)) {
      if ((await objects.contains(input.artifact)) || (await this.#isRestored(input))) continue;
      if ('stage' in input.from) this.lost.push(input.from);
    }
    return Object.fromEntries(Object.entries(inputs).map(([name, { artifact }]) => [name, artifact]));
  }

  async #prepare(input: ActionInput, copy: string): Promise<SpecInput | undefined> {
    const { objects } = this.#sources.workspace;
    const open = () => readyInput(objects, input.artifact, this.#access, copy);
    // A second look, after what can be put back cheaply has been; what was not is not looked for again: that it is lost has been reported.
    return (await open()) ?? ((await this.#isRestored(input)) ? await open() : undefined);
  }

  /** Puts back what can be put back cheaply. Whether it is there then. */
  async #isRestored({ artifact, from }: ActionInput): Promise<boolean> {
    const { workspace, files, recordOf } = this.#sources;
    if ('path' in from) await files.restore(from.path, from.exclude);
    else await restoreInline(recordOf(from.stage) as ActionRecord, workspace.objects);
    return await workspace.objects.contains(artifact);
  }
}
