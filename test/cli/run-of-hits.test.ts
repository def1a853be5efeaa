import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BINARY, Project } from './rig.ts';
import { SMALL } from './small-pipeline.ts';

/** Leaves the names of Node's own modules that were loaded, as the process ends. */
const TELL = `process.once('exit', () => require('node:fs').writeFileSync(process.env.LOADED, process.moduleLoadList.join('\\n')));`;

/** Joins the small pipeline, so that a stage of the user's own is among the hits. */
const OWN = '  own:\n    uses: ./own.ts\n';
const OWN_STAGE = `import { writeFileSync } from 'node:fs';
import { defineStage } from '@pipe-ml/pipe/stage';
export default defineStage({
  apiVersion: 1,
  outputs: { a: { artifact: 'file', description: 'A.' } },
  run: ({ outputs }) => writeFileSync(outputs.a!, 'a'),
});
`;

const script = readFileSync(join(dirname(BINARY), 'run-line.cjs'), 'utf8');

describe('a run that finds everything in the cache', () => {
  let project: Project;
  beforeAll(async () => {
    project = new Project({ 'small.yaml': SMALL + OWN, 'own.ts': OWN_STAGE, 'tell.cjs': TELL });
    expect((await project.pipe(['run', 'small.yaml'])).code).toBe(0);
  });
  afterAll(() => project?.remove());

  /** Node's own modules that a run of the small pipeline loads. */
  async function loaded(...args: string[]): Promise<string[]> {
    const environment = {
      NODE_OPTIONS: `--require ${project.path('tell.cjs')}`,
      LOADED: project.path('loaded'),
    };
    expect((await project.pipe(['run', 'small.yaml', ...args], environment)).code).toBe(0);
    return readFileSync(project.path('loaded'), 'utf8').split('\n');
  }

  it('loads no module of Node that takes long to load and would have nothing to do', async () => {
    const heavy = [
      'child_process',
      'internal/fs/promises',
      'internal/modules/esm/translators',
      'perf_hooks',
      'worker_threads',
    ];
    const names = await loaded();
    expect(heavy.filter((name) => names.includes(`NativeModule ${name}`))).toEqual([]);
    const busy = await loaded('--set', 'mark=.'); // the same list has something to find where stages run
    expect(busy).toEqual(
      expect.arrayContaining([
        'NativeModule child_process',
        'NativeModule internal/fs/promises',
        'NativeModule perf_hooks',
      ]),
    );
  });

  it('loads a script without the libraries that only other commands and stages need', () => {
    const packages = [...script.matchAll(/"node_modules\/((?:@[\w-]+\/)?[\w-]+)/g)].map(([, name]) => name);
    expect([...new Set(packages)].sort()).toEqual(['commander', 'fastest-levenshtein']);
  });

  it('loads a script that is not larger than it needs to be', () => {
    // 397 KB in November 2026. Reading 642 KB and their compiled code took some 1.5 ms more, which is 2 % of bare Node.
    // What grows beyond the bound and is not used by a run of hits becomes a part (scripts/build-plugins.mjs).
    expect(script.length).toBeLessThan(420_000);
  });

  it('loads a script without the other verbs', () => {
    expect(script).toMatch(/"src\/cli\/run\/execute-run\.ts"/);
    expect(script).not.toMatch(/"src\/cli\/(?:gc|status|export-runs)\//);
  });
});
