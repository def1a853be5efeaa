import { removeTag, TAG_NAME, taggedRun, taggedRuns, tagRun } from '../../runner/events/run-tags.ts';
import { openWorkspace } from '../../runner/workspace.ts';
import { show } from '../../terminal/show.ts';
import { artifactsDirectory } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { UserError } from '../user-error.ts';
import { runNamed } from './run-named.ts';

/** What `pipe tag` was asked for. */
export interface TagOptions extends Pick<PipelineOptions, 'artifacts'> {
  readonly delete?: true;
}

/** Gives a run the tag `name`, removes that, or lists all tags. Throws a UserError for names that cannot be. */
export async function changeTags(name: string | undefined, run: string, options: TagOptions): Promise<void> {
  const artifacts = artifactsDirectory(undefined, options);
  if (name === undefined) {
    for (const [tagged, names] of await taggedRuns(artifacts))
      for (const one of names) show(process.stdout, `${one}  ${tagged}`);
    return;
  }
  if (!TAG_NAME.test(name))
    throw new UserError(
      `\`${name}\` cannot be a tag`,
      'use letters, digits, `_`, `-` and `.`, and not the name of a run',
    );
  if (options.delete) {
    if (taggedRun(artifacts, name) === undefined)
      throw new UserError(`there is no tag \`${name}\``, 'pipe tag lists all');
    await removeTag(artifacts, name);
    return;
  }
  const { about } = await runNamed(run, openWorkspace(artifacts, tellCacheProblem));
  await tagRun(artifacts, name, about.run);
  show(process.stdout, `${name}  ${about.run}`);
}
