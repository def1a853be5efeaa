import { resolve } from 'node:path';
import { LostArtifactError, writeBundle } from '../../cache/bundle/write-bundle.ts';
import { DESTINATION, explained } from '../../files/system-problem.ts';
import { planPipeline } from '../../runner/plan/plan.ts';
import { stageIds } from '../../runner/plan/stage-graph.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { show } from '../../terminal/show.ts';
import { bytes, counted } from '../../terminal/units.ts';
import { artifactsDirectory, openPipeline } from '../open/open-pipeline.ts';
import { frozenOf, stageCommand } from '../open/stage-command.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { remoteOf } from '../remote/open-remote.ts';
import { UserError } from '../user-error.ts';
import { collectContent } from './bundle-content.ts';
import type { BundleVerbOptions } from './bundle-options.ts';

/**
 * Writes a bundle and says what is in it. Throws a UserError where a stage before those of the bundle is not up to date,
 * or what they read is lost.
 */
export async function makeBundle(file: string, out: string, options: BundleVerbOptions): Promise<void> {
  const pipeline = await openPipeline(file, options);
  const artifacts = artifactsDirectory(file, options);
  const targets = new Set(stageIds(pipeline, options.for));
  const openRemote = await remoteOf(file, { ...options, upload: false });
  const { stages } = await planPipeline(pipeline, {
    artifactsDirectory: artifacts,
    environment: process.env,
    offline: true,
    only: options.for,
    ...frozenOf(file, options),
    onProblem: tellCacheProblem,
    openRemote,
  });
  const run = (option: '--only' | '--force', stage: string) =>
    `run it with: ${stageCommand(file, option, stage, options)}`;
  for (const { stage, state, reason } of stages)
    if (state !== 'hit' && !targets.has(stage.id))
      throw new UserError(`stage ${stage.id} is not up to date: ${reason.message}`, run('--only', stage.id));
  const workspace = openWorkspace(artifacts, tellCacheProblem, openRemote);
  const { content, origins } = await collectContent(pipeline, stages, targets, workspace);
  try {
    const write = () => writeBundle(resolve(out), content, workspace.objects);
    const size = await explained(`write ${out}`, write, DESTINATION);
    const held = `${counted(content.records.length, 'record')} and ${counted(content.artifacts.length, 'artifact')}`;
    show(process.stdout, `Wrote ${out}: ${held} for ${[...targets].join(', ')}, ${bytes(size)}`);
  } catch (error) {
    if (error instanceof RangeError) throw new UserError(error.message, 'choose stages that read less');
    if (!(error instanceof LostArtifactError)) throw error;
    const from = origins.get(error.artifact.digest)!;
    throw new UserError(`what ${from} gave is not in the cache any more`, run('--force', from));
  }
}
