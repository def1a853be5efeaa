import { readFileSync } from 'node:fs';
import type { LocatedArtifact } from '../../../src/cache/objects/object-store.ts';
import { restoreInline } from '../../../src/cache/records/inline-outputs.ts';
import type { Pipeline } from '../../../src/pipeline/pipeline.ts';
import { planPipeline } from '../../../src/runner/plan/plan.ts';
import { producersOf } from '../../../src/runner/plan/stage-graph.ts';
import { openWorkspace } from '../../../src/runner/workspace.ts';
import { type Artifact, digestOf } from './artifact.ts';
import { type ObservedRun, outcomesOf } from './observed-run.ts';

/** Where a run names outputs other than those of the naive runner. */
export function digestViolations({ events, forecast }: ObservedRun): string[] {
  return events.flatMap((event) => {
    if (event.type !== 'stage-finished' || !['hit', 'ran'].includes(event.outcome)) return [];
    const expected = Object.entries(forecast.stages.get(event.stage)?.outputs ?? {});
    const right = expected.map(([name, artifact]) => `${name} ${digestOf(artifact)}`).sort();
    const given = Object.entries(event.outputs).map(([name, { digest }]) => `${name} ${digest}`);
    return String(given.sort()) === String(right) ? [] : [`${event.stage} gives wrong outputs: ${given}`];
  });
}

/**
 * Where the next plan, and the bytes that `pipe cat` would print, are not those of the naive runner. An output that was
 * lost, and that nothing had to read, may still be lost.
 */
export async function storeViolations(
  run: ObservedRun,
  pipeline: Pipeline,
  artifactsDirectory: string,
): Promise<string[]> {
  const violations: string[] = [];
  const { objects } = openWorkspace(artifactsDirectory, () => {});
  const outcomes = outcomesOf(run.events);
  const executed = new Set(run.executions.flatMap(({ identity, end }) => (end === 'done' ? [identity] : [])));
  const only = [...run.forecast.stages.keys()];
  const options = { artifactsDirectory, environment: {}, offline: true, onProblem: () => {} };
  const { stages } = await planPipeline(pipeline, { ...options, only });
  // What an interrupted run did not come to read may be lost: its stages, and their twins, are no hits then.
  const isSomethingLost = stages.some(({ reason }) => reason.code === 'output-lost');
  /** What did without a stage that failed may run again, with all that reads from it: that stage is tried again. */
  const mayChange = new Set<string>();
  for (const { stage, state, record, reason } of stages) {
    if (!['hit', 'ran'].includes(outcomes.get(stage.id)!)) continue;
    const producers = producersOf(stage);
    const hasDoneWithout = producers.some((id) => !['hit', 'ran'].includes(outcomes.get(id)!));
    if (hasDoneWithout || producers.some((id) => mayChange.has(id))) mayChange.add(stage.id);
    const expected = mayChange.has(stage.id) ? 'may-run' : 'hit';
    if (state !== expected && !isSomethingLost) {
      violations.push(`after the run ${stage.id} would ${state}: ${reason.message}`);
    }
    if (!record) continue;
    await restoreInline(record, objects);
    const { outputs, identity } = run.forecast.stages.get(stage.id)!;
    for (const [name, output] of Object.entries(outputs)) {
      const artifact = record.outputs[name];
      const located = artifact && (await objects.locate(artifact));
      if (located && !isSame(located, output)) violations.push(`cat ${stage.id}.${name} prints other bytes`);
      if (!located && executed.has(identity)) violations.push(`cat ${stage.id}.${name} finds nothing`);
    }
  }
  return violations;
}

function isSame(located: LocatedArtifact, expected: Artifact): boolean {
  if (located.artifact === 'file') {
    return expected.kind === 'file' && readFileSync(located.path, 'utf8') === expected.text;
  }
  if (expected.kind === 'file') return false;
  const names = Object.keys(located.files).sort();
  return (
    String(names) === String(Object.keys(expected.files).sort()) &&
    names.every((name) => readFileSync(located.files[name]!, 'utf8') === expected.files[name])
  );
}
