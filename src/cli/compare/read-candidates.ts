import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Candidate } from '../../comparison/candidate.ts';
import { listRuns, readRun } from '../../runner/events/run-store.ts';
import { endOf, type StoredRun } from '../../runner/events/stored-run.ts';
import { openWorkspace, type Workspace } from '../../runner/workspace.ts';
import { artifactsDirectory, openPipeline } from '../open/open-pipeline.ts';
import type { PipelineOptions } from '../open/pipeline-options.ts';
import { frozenOf } from '../open/stage-command.ts';
import { tellCacheProblem } from '../open/tell-cache-problem.ts';
import { remoteOf } from '../remote/open-remote.ts';
import type { RemoteVerbOptions } from '../remote/remote-options.ts';
import { runNamed } from '../runs/run-named.ts';
import { UserError } from '../user-error.ts';
import { isScoresFile, scoresCandidate } from './scores-file.ts';
import { variantsOfFile } from './variants-of-file.ts';
import { variantsOfRun } from './variants-of-run.ts';

/**
 * What `pipe compare` is given: pipeline files stand for their variants as they are now, runs for what they made (`last` is
 * the newest), git revisions for the last finished run of that commit, and files of scores for themselves. Throws a
 * UserError for what is none of these.
 */
export async function readCandidates(
  names: readonly string[],
  options: PipelineOptions & RemoteVerbOptions & { readonly metric?: string | undefined },
): Promise<readonly Candidate[]> {
  const file = names.find((name) => existsSync(name) && !isScoresFile(name));
  const artifacts = artifactsDirectory(file, options);
  const openRemote = await remoteOf(file, { ...options, upload: false });
  const workspace = openWorkspace(artifacts, tellCacheProblem, openRemote);
  const candidates: Candidate[] = [];
  const scores = new Map<string, number>();
  for (const name of names) {
    if (isScoresFile(name)) scores.set(name, candidates.length);
    else if (existsSync(name)) {
      const pipeline = await openPipeline(name, options);
      const variants = await variantsOfFile(pipeline, artifacts, workspace, {
        ...frozenOf(name, options),
        openRemote,
      });
      candidates.push(
        ...(names.length === 1 ? variants : variants.map((one) => ofSource(pipeline.name, one))),
      );
    } else {
      const run = (await storedRun(name, workspace)) ?? (await runOfRevision(name, file, workspace));
      candidates.push(...(await variantsOfRun(name, run, workspace)));
    }
  }
  // Read last, by what the others are compared by; each goes to the place at which it was named.
  const others = [...candidates];
  for (const [name, place] of [...scores].reverse())
    candidates.splice(place, 0, await scoresCandidate(name, others, options.metric));
  return candidates;
}

function ofSource(source: string, candidate: Candidate): Candidate {
  return candidate.name === source ? candidate : { ...candidate, name: `${source} ${candidate.name}` };
}

async function storedRun(name: string, workspace: Workspace): Promise<StoredRun | undefined> {
  const ids = await listRuns(workspace.runsDirectory);
  const isRun = ids.includes(name) || (name === 'last' && ids.length > 0);
  return isRun ? await runNamed(name, workspace) : undefined;
}

/** The newest run that succeeded on a commit; of the given pipeline file, where there is one. */
async function runOfRevision(
  name: string,
  file: string | undefined,
  { runsDirectory }: Workspace,
): Promise<StoredRun> {
  const commit = await commitNamed(name, file);
  for (const id of await listRuns(runsDirectory)) {
    const run = await readRun(runsDirectory, id);
    if (run?.about.commit !== commit) continue;
    const isSame = file === undefined || run.about.file === resolve(file);
    if (isSame && endOf(run)?.outcome === 'succeeded') return run;
  }
  throw new UserError(
    `there is no finished run of the commit ${commit.slice(0, 12)} (${name})`,
    `make one: git checkout ${name}, then pipe run ${file ?? 'FILE'}`,
  );
}

async function commitNamed(name: string, file: string | undefined): Promise<string> {
  const cwd = file === undefined ? process.cwd() : dirname(resolve(file));
  const { execa } = await import('execa');
  const { failed, stdout } = await execa(
    'git',
    ['rev-parse', '--verify', '--end-of-options', `${name}^{commit}`],
    {
      cwd,
      reject: false,
      stdin: 'ignore',
    },
  );
  if (!failed) return stdout.trim();
  throw new UserError(
    `\`${name}\` is neither a pipeline file, nor a run, nor a git revision`,
    'pipe runs lists the runs',
  );
}
