import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outcomes, Project } from './rig.ts';

const pipeline = (keys: string) => `schema: 1
name: variables
params: { rate: 1.50 }
stages:
  show:
    uses: command
    ${keys}
    with: { run: 'env | (grep -E "^(RATE|STRICT|SEED|PROXY)=" || true) | sort > out.txt', outputs: { out: out.txt } }
  after:
    uses: command
    inputs: { out: show.out }
    with: { run: 'cp inputs/out copy', outputs: { copy: copy } }
`;

let project: Project;
beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

const run = async (keys: string, environment: Record<string, string> = {}) => {
  project.write('p.yaml', pipeline(keys));
  const { events } = await project.run(['p.yaml'], environment);
  return outcomes(events);
};
const shown = async (environment: Record<string, string> = {}) =>
  (await project.pipe(['cat', 'p.yaml', 'show.out'], environment)).stdout;

describe('variables of a stage', () => {
  it('have values in the file, as it spells them, or come from outside, and count', async () => {
    const keys = 'env: { RATE: "${params.rate}", STRICT: True, SEED: }';
    expect(await run(keys, { SEED: '3', PROXY: 'x' })).toEqual({ show: 'ran', after: 'ran' });
    expect(await shown({ SEED: '3' })).toBe('RATE=1.50\nSEED=3\nSTRICT=True\n');
    expect(await run(keys, { SEED: '3', RATE: '9' })).toEqual({ show: 'hit', after: 'hit' });
    expect(await run(keys, { SEED: '4' })).toEqual({ show: 'ran', after: 'ran' });
    expect(await run(keys.replace('True', 'False'), { SEED: '4' })).toEqual({ show: 'ran', after: 'ran' });
    // The name alone, with the same values from outside, is the same.
    expect(await run('env: [RATE, STRICT, SEED]', { RATE: '1.50', STRICT: 'True', SEED: '3' })).toEqual({
      show: 'hit',
      after: 'hit',
    });
  });

  it('are passed without counting, where they are set', async () => {
    expect(await run('pass: [PROXY]', { PROXY: 'here' })).toEqual({ show: 'ran', after: 'ran' });
    expect(await shown({ PROXY: 'here' })).toBe('PROXY=here\n');
    expect(await run('pass: [PROXY]', { PROXY: 'there' })).toEqual({ show: 'hit', after: 'hit' });
    expect(await run('pass: [PROXY, SEED]')).toEqual({ show: 'hit', after: 'hit' });
  });

  it('cannot both count and not', async () => {
    project.write('p.yaml', pipeline('pass: [SEED]\n    env: { SEED: 3 }'));
    const { code, stderr } = await project.pipe(['validate', 'p.yaml']);
    expect(code).toBe(2);
    expect(stderr).toContain('`SEED` is both under `pass` and under `env`');
  });
});

describe('a stage that always runs', () => {
  it('runs in every run, and what comes after it only if it gives something else', async () => {
    expect(await run('always: true')).toEqual({ show: 'ran', after: 'ran' });
    expect(await run('always: true')).toEqual({ show: 'ran', after: 'hit' });
    expect(await run('always: true\n    pass: [SEED]', { SEED: '3' })).toEqual({ show: 'ran', after: 'ran' });
    expect(await run('always: false')).toEqual({ show: 'hit', after: 'hit' });
    project.write('p.yaml', pipeline('always: true'));
    expect((await project.pipe(['plan', 'p.yaml'])).stdout).toContain('it always runs');
    expect((await project.pipe(['why', 'p.yaml', 'show'])).stdout).toContain('it always runs');
  });

  it('is a hit in a frozen run that does not name it', async () => {
    await run('always: true');
    const { events, code } = await project.run(['p.yaml', '--frozen']);
    expect(code).toBe(0);
    expect(outcomes(events)).toEqual({ show: 'hit', after: 'hit' });
  });
});
