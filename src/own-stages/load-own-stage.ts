import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canonicalJson } from '../contract/canonical-json.ts';
import { isObject } from '../contract/json.ts';
import type { LoadedOwnStage, LoadOwnStage, OwnStageProblem } from '../contract/own-stage.ts';
import { digestOfBytes } from '../files/digest.ts';
import { temporaryName } from '../files/durable.ts';
import { readMemo, writeMemo } from '../files/memo.ts';
import { explained } from '../files/system-problem.ts';
import { type Bundle, bundleStage } from './bundle.ts';
import type { Declared } from './declare.ts';
import { extractDeclaration } from './extract.ts';
import { lockedPackages, UnlockedPackage } from './locked-packages.ts';
import { isUnchanged } from './unchanged.ts';

/** Changes with what is remembered of a stage, and with what is asked of a declaration. */
const FORMAT = 1;

interface Surroundings {
  readonly cacheDirectory: string;
  /** The built `stage-host.cjs`. */
  readonly hostFile: string;
}

/**
 * Loads own stages: bundles their code, and has a process look at what they declare. Both is remembered, so a stage of
 * which nothing has changed costs a look at its files.
 */
export function ownStageLoader(surroundings: Surroundings): LoadOwnStage {
  return async (file) => {
    const state = statSync(file, { throwIfNoEntry: false });
    if (!state?.isFile())
      return {
        problems: [
          {
            message: state ? `${file} is a folder, not a stage` : `there is no file ${file}`,
            hint: 'a path is relative to the folder of the file that says it',
          },
        ],
      };
    if (!/\.[cm]?[jt]s$/.test(file))
      return {
        problems: [
          {
            message: `${file} is no stage`,
            hint: 'its name ends in .ts, .mts, .js, .mjs or .cjs; other programs are run by the stage type `command`',
          },
        ],
      };
    const memo = join(surroundings.cacheDirectory, 'own-stages', `${digestOfBytes(file)}.json`);
    const known = recall(memo);
    if (known) return known;
    const real = realpathSync(file);
    const bundle = await bundleStage(real);
    if ('problems' in bundle) return bundle;
    const links = real === file ? bundle.links : { ...bundle.links, [file]: real };
    return await understood(real, { ...bundle, links }, memo, surroundings);
  };
}

async function understood(
  file: string,
  { code, map, files, absent, links, packages: imports }: Bundle,
  memo: string,
  { cacheDirectory, hostFile }: Surroundings,
): Promise<LoadedOwnStage | { readonly problems: readonly OwnStageProblem[] }> {
  const problem = (message: string, hint?: string) => ({
    problems: [
      {
        message: `the stage ${file}: ${message}`,
        ...(hint !== undefined && { hint }),
        at: { file, line: 1, column: 1, length: 1 },
      },
    ],
  });
  let locked: ReturnType<typeof lockedPackages>;
  try {
    locked = lockedPackages(file, imports);
  } catch (error) {
    if (!(error instanceof UnlockedPackage)) throw error;
    return problem(error.message);
  }
  const digest = digestOfBytes(code);
  const identity = digestOfBytes(canonicalJson({ code: digest, packages: locked.packages }));
  const folder = join(cacheDirectory, 'own-stages');
  const bundle = join(folder, `${digest}.cjs`);
  await explained('store the code of a stage', async () => {
    await mkdir(folder, { recursive: true });
    await store(`${bundle}.map`, map, cacheDirectory);
    await store(bundle, code, cacheDirectory);
  });
  const declared = await remembered(join(folder, `${identity}-${FORMAT}.json`), cacheDirectory, async () =>
    extractDeclaration({ file, bundle, digest }, hostFile, await temporaryName(cacheDirectory)),
  );
  if ('problem' in declared) return problem(declared.problem, declared.hint);
  const stage: LoadedOwnStage = {
    code: { file, bundle, digest },
    identity,
    declaration: declared.declaration,
    files: { ...files, ...locked.files },
    absent,
    links,
  };
  // Where it cannot be kept, the next load does it again.
  await writeMemo(cacheDirectory, memo, { format: FORMAT, stage }).catch(() => {});
  return stage;
}

/** What is remembered of a stage, if nothing that it was made of has changed; a damaged memo is none. */
function recall(memo: string): LoadedOwnStage | undefined {
  const known = readMemo(memo);
  if (!isObject(known) || known.format !== FORMAT) return undefined;
  const stage = known.stage as unknown as LoadedOwnStage; // a memo has a checksum: what is read was written here
  return isUnchanged(stage) ? stage : undefined;
}

/** What a stage declares depends on nothing but its code and its packages. What is wrong is looked at again. */
async function remembered(
  memo: string,
  cacheDirectory: string,
  ask: () => Promise<Declared>,
): Promise<Declared> {
  const known = readMemo(memo);
  if (known !== undefined) return known as unknown as Declared; // as above
  const declared = await ask();
  if ('declaration' in declared) await writeMemo(cacheDirectory, memo, declared).catch(() => {});
  return declared;
}

/** Files appear whole; two loads at once write the same. */
async function store(path: string, text: string, cacheDirectory: string): Promise<void> {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  const draft = await temporaryName(cacheDirectory);
  await writeFile(draft, text);
  await rename(draft, path);
}
