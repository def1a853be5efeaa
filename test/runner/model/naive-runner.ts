import { type Artifact, type Files, filesOf, sorted } from './artifact.ts';
import { alwaysFails, compute, type Identity, identityOf, type Task, taskOf } from './compute.ts';
import type { Instance } from './expand.ts';
import type { OutputName } from './sketch.ts';

/** What a runner without any cache finds out about a stage. */
export interface Expected {
  readonly instance: Instance;
  /** The action that the stage is; undefined where a stage that it needs does not succeed. */
  readonly identity?: Identity;
  readonly succeeds: boolean;
  readonly outputs: Readonly<Partial<Record<OutputName, Artifact>>>;
}

/**
 * Every stage of a pipeline, producers first, computed from the contents of the files alone. `succeeds` says whether
 * an action that would succeed at some time does so in this run (stages may fail a few times first).
 */
export function runNaively(
  instances: readonly Instance[],
  disk: ReadonlyMap<string, Artifact>,
  succeeds: (identity: Identity, task: Task) => boolean,
): Map<string, Expected> {
  const expected = new Map<string, Expected>();
  for (const instance of instances) {
    if (isBlocked(instance, expected)) {
      expected.set(instance.id, { instance, succeeds: false, outputs: {} });
      continue;
    }
    const task = taskOf(instance);
    const inputs = inputsOf(instance, disk, expected);
    const identity = identityOf(task, inputs);
    const ends = succeeds(identity, task) && !alwaysFails(task, inputs);
    expected.set(instance.id, {
      instance,
      identity,
      succeeds: ends,
      outputs: ends ? compute(task, inputs) : {},
    });
  }
  return expected;
}

/** Whether something fails that the stage cannot do without; of what it collects optionally that is all of it. */
function isBlocked({ sources }: Instance, expected: ReadonlyMap<string, Expected>): boolean {
  const fails = (id: string) => !expected.get(id)!.succeeds;
  return sources.some((source) => {
    if (source.kind === 'file') return false;
    if (source.kind === 'output') return fails(source.stage);
    const producers = source.stages.map(([, stage]) => stage);
    return source.optional ? producers.every(fails) : producers.some(fails);
  });
}

function inputsOf(
  instance: Instance,
  disk: ReadonlyMap<string, Artifact>,
  expected: ReadonlyMap<string, Expected>,
): Files {
  const outputOf = (stage: string, output: OutputName) => expected.get(stage)!.outputs[output]!;
  const files = instance.sources.flatMap((source): Files => {
    if (source.kind === 'file') return filesOf(source.name, disk.get(source.file)!);
    if (source.kind === 'output') return filesOf(source.name, outputOf(source.stage, source.output));
    const collected = source.stages.filter(([, stage]) => expected.get(stage)!.succeeds);
    return collected.flatMap(([label, stage]) =>
      filesOf(`${source.name}/${label || 'default'}`, outputOf(stage, source.output)),
    );
  });
  return sorted(files);
}
