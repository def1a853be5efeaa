import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineStage, type StageType } from '../../../src/contract/stage-type.ts';
import { digestOfBytes } from '../../../src/files/digest.ts';
import type { Explanation } from '../../../src/runner/events/explanation.ts';
import { Decider } from '../../../src/runner/plan/decide.ts';
import { makePlan } from '../../../src/runner/plan/plan.ts';
import { Explainer } from '../../../src/runner/why/explain.ts';
import { plannedScene } from '../../../src/runner/why/scene.ts';
import { openWorkspace } from '../../../src/runner/workspace.ts';
import { InProcessExecutor } from '../fixtures/in-process-executor.ts';
import { noEngine } from '../fixtures/no-engine.ts';
import { pipelineOf } from '../fixtures/pipeline-of.ts';
import { puppet, stageTypes } from '../fixtures/stage-types.ts';
import { Rig, type Sketches } from '../rig.ts';

/** Gives one of three results, so that other settings often give the same bytes, as other stages do. */
const blurred = defineStage({
  ...puppet,
  uses: 'blurred',
  run: async ({ settings, inputs, outputs }) => {
    const read = Object.values(inputs).map(({ path }) => readFileSync(path, 'utf8'));
    writeFileSync(outputs.out!, String(codeSum([String(settings.text), ...read]) % 3));
  },
}) as StageType;

const RUNS = Number(process.env.PIPE_WHY_RUNS ?? 60);
const FILES = ['a', 'b'] as const;
type FileName = (typeof FILES)[number];

/** A pipeline and its files: all that a history changes. */
interface World {
  readonly stages: readonly {
    readonly text: string;
    readonly isBlurred: boolean;
    readonly needs: readonly number[];
    readonly files: readonly FileName[];
  }[];
  readonly files: Readonly<Record<FileName, string>>;
}

type Change =
  | { readonly stage: number; readonly text: string }
  | { readonly file: FileName; readonly content: string };

/** Changes, and what is run then: everything, nothing, or one stage with what it needs. */
interface Step {
  readonly changes: readonly Change[];
  readonly run: 'all' | 'nothing' | number;
}

const text = fc.nat(5).map(String);
const file = fc.constantFrom(...FILES);
const worlds: fc.Arbitrary<World> = fc.record({
  stages: fc
    .array(
      fc.record({
        text,
        isBlurred: fc.boolean(),
        back: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 3 }),
        files: fc.uniqueArray(file),
      }),
      { minLength: 1, maxLength: 6 },
    )
    .map((stages) =>
      stages.map(({ back, ...stage }, index) => ({
        ...stage,
        needs: [...new Set(back.filter((distance) => distance <= index).map((distance) => index - distance))],
      })),
    ),
  files: fc.record({ a: text, b: text }),
});
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ stage: fc.nat(5), text }),
  fc.record({ file, content: text }),
);
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    changes: fc.array(change, { minLength: 1, maxLength: 3 }),
    run: fc.oneof(fc.constant('all' as const), fc.constant('nothing' as const), fc.nat(5)),
  }),
  { minLength: 1, maxLength: 4 },
);

function changed(world: World, change: Change): World {
  if ('file' in change) return { ...world, files: { ...world.files, [change.file]: change.content } };
  const place = change.stage % world.stages.length;
  return {
    ...world,
    stages: world.stages.map((stage, index) => (index === place ? { ...stage, text: change.text } : stage)),
  };
}

const sketchesOf = ({ stages }: World): Sketches =>
  Object.fromEntries(
    stages.map(({ text, isBlurred, needs, files }, index) => [
      `s${index}`,
      {
        type: isBlurred ? blurred : puppet,
        settings: { text },
        inputs: Object.fromEntries([
          ...needs.map((need) => [`n${need}`, `s${need}`]),
          ...files.map((name) => [name, `./${name}`]),
        ]),
      },
    ]),
  );

/** What each stage gives, without a cache. */
function outputsOf({ stages, files }: World): readonly string[] {
  const outputs: string[] = [];
  for (const { text, isBlurred, needs, files: names } of stages) {
    const inputs = [
      ...needs.map((need) => [`n${need}`, outputs[need]!] as const),
      ...names.map((name) => [name, files[name]] as const),
    ].sort(([one], [other]) => (one < other ? -1 : 1));
    const parts = [text, ...inputs.map(([, content]) => content)];
    outputs.push(isBlurred ? String(codeSum(parts) % 3) : parts.join('+'));
  }
  return outputs;
}

function codeSum(texts: readonly string[]): number {
  return [...texts.join('')].reduce((sum, char) => sum + char.charCodeAt(0), 0);
}

/** Whether an input of a stage is another one in the two worlds although it is not named. */
function isDisturbed(
  { stage, causes }: Explanation,
  { stages }: World,
  now: readonly string[],
  then: readonly string[],
): boolean {
  const named = new Set(causes.map(({ change }) => change?.path));
  const { needs } = stages[Number(stage.slice(1))]!;
  return needs.some((need) => !named.has(`inputs.n${need}`) && now[need] !== then[need]);
}

/** A folder in which worlds are laid out, run, and explained. */
class Bench {
  readonly #rig = new Rig();

  remove(): Promise<void> {
    return this.#rig.remove();
  }

  layOut({ files }: World): void {
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(this.#rig.directory, name), content);
  }

  async run(world: World, only?: string): Promise<void> {
    this.layOut(world);
    const { summary } = await this.#rig.run(sketchesOf(world), {
      executor: new InProcessExecutor(noEngine),
      ...(only !== undefined && { only: [only] }),
    });
    expect(summary.outcome).toBe('succeeded');
  }

  /** Runs a world, and again after each step that says so. Returns what has become of it. */
  async play(first: World, history: readonly Step[]): Promise<World> {
    await this.run(first);
    let world = first;
    for (const { changes, run } of history) {
      world = changes.reduce(changed, world);
      if (run === 'all') await this.run(world);
      else if (run !== 'nothing') await this.run(world, `s${run % world.stages.length}`);
    }
    return world;
  }

  /** The state of every stage, and why those run that do. */
  async explain(world: World): Promise<ReadonlyMap<string, { state: string; why: readonly Explanation[] }>> {
    this.layOut(world);
    const pipeline = pipelineOf(this.#rig.directory, sketchesOf(world));
    const workspace = openWorkspace(this.#rig.artifacts, () => {});
    const decider = new Decider(pipeline, workspace, { environment: {}, offline: false });
    const plan = await makePlan(pipeline, decider, workspace, {});
    const scene = plannedScene(plan, decider);
    const explained = new Map<string, { state: string; why: readonly Explanation[] }>();
    for (const { stage, state } of plan.stages) {
      const why = state === 'hit' ? [] : await new Explainer(pipeline, workspace).explain(scene, stage.id);
      explained.set(stage.id, { state, why });
    }
    return explained;
  }
}

/** What an explanation says was before, as the changes that bring it back; undefined where two disagree. */
function undoing(why: readonly Explanation[]): readonly Change[] | undefined {
  const undone = new Map<string, Change>();
  for (const { stage, causes } of why) {
    for (const { kind, change, by, file } of causes) {
      if (by !== undefined) continue;
      const undo: Change =
        file === undefined
          ? { stage: Number(stage.slice(1)), text: String(change!.before) }
          : { file: file.slice(-1) as FileName, content: contentOf(String(change!.before)) };
      expect([kind, change!.path]).toEqual(
        file === undefined ? ['setting', 'settings.text'] : ['file', `inputs.${file.slice(-1)}`],
      );
      const name = 'file' in undo ? undo.file : `s${undo.stage}`;
      const known = undone.get(name);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(undo)) return undefined;
      undone.set(name, undo);
    }
  }
  return [...undone.values()];
}

/** The text of a file by its digest: there are six. */
function contentOf(digest: string): string {
  return Array.from({ length: 6 }, (_, number) => String(number)).find(
    (text) => digestOfBytes(text) === digest,
  )!;
}

/** Undoes what is named, and looks at every input that is said to have changed. */
function check(why: readonly Explanation[], world: World): 'checked' | 'disagreed' | 'disturbed' {
  const undo = undoing(why);
  if (undo === undefined) return 'disagreed';
  const [now, then] = [outputsOf(world), outputsOf(undo.reduce(changed, world))];
  // Two changes may have cancelled each other in an input that is as it was: undoing one brings that out.
  if (why.some((explanation) => isDisturbed(explanation, world, now, then))) return 'disturbed';
  for (const { change, by } of why.flatMap(({ causes }) => causes)) {
    if (by === undefined || change === undefined) continue;
    const producer = Number(change.path.slice('inputs.n'.length));
    expect([change.path, digestOfBytes(then[producer]!)]).toEqual([change.path, change.before]);
  }
  return 'checked';
}

stageTypes.set(blurred.uses, blurred);

describe('the origins that are named', () => {
  it('give every input that is named its earlier bytes when they are undone', {
    timeout: 240_000,
  }, async () => {
    const tally = { checked: 0, disagreed: 0, disturbed: 0 };
    await fc.assert(
      fc.asyncProperty(worlds, steps, async (first, history) => {
        const bench = new Bench();
        try {
          const world = await bench.play(first, history);
          for (const { state, why } of (await bench.explain(world)).values())
            if (state !== 'hit') tally[check(why, world)]++;
        } finally {
          await bench.remove();
        }
      }),
      { numRuns: RUNS },
    );
    expect(tally.checked).toBeGreaterThan(5 * (tally.disagreed + tally.disturbed));
  });

  it('are the change itself, where there was only one since everything was up to date', {
    timeout: 240_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(worlds, fc.array(change, { maxLength: 4 }), change, async (first, before, last) => {
        const bench = new Bench();
        try {
          await bench.run(first);
          const settled = before.reduce(changed, first);
          await bench.run(settled);
          const world = changed(settled, last);
          for (const [stage, { state, why }] of await bench.explain(world)) {
            if (state === 'hit') continue;
            const undo = undoing(why)!;
            expect([stage, undo.map((one) => changed(world, one))]).toEqual([stage, [settled]]);
          }
        } finally {
          await bench.remove();
        }
      }),
      { numRuns: RUNS },
    );
  });
});
