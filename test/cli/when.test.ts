import { afterAll, describe, expect, it } from 'vitest';
import { outcomes, Project } from './rig.ts';

const PIPELINE = `schema: 1
name: choice
params: { tune: false }
x-quick: &quick { uses: command, timeout: 1m }
stages:
  words:
    <<: *quick
    with: { run: "echo words > o", outputs: { text: o } }
  tune:
    <<: *quick
    when: params.tune
    inputs: { text: words.text }
    with: { run: "echo tuned > o", outputs: { text: o } }
  page:
    <<: *quick
    inputs: { words: words.text, tuned: { output: tune.text, optional: true } }
    with: { run: "cat inputs/* > o", outputs: { text: o } }
`;

describe('a stage that its condition leaves out', () => {
  const project = new Project({ 'p.yaml': PIPELINE });
  afterAll(() => project.remove());

  it('is no part of a run, and comes and goes with its parameter', async () => {
    expect(outcomes((await project.run(['p.yaml'])).events)).toEqual({ words: 'ran', page: 'ran' });
    expect((await project.pipe(['cat', 'p.yaml', 'page.text'])).stdout).toBe('words\n');
    const tuned = ['p.yaml', '--set', 'tune=true'];
    expect(outcomes((await project.run(tuned)).events)).toEqual({ words: 'hit', tune: 'ran', page: 'ran' });
    expect((await project.pipe(['cat', ...tuned.toSpliced(1, 0, 'page.text')])).stdout).toBe(
      'tuned\nwords\n',
    );
    expect(outcomes((await project.run(['p.yaml'])).events)).toEqual({ words: 'hit', page: 'hit' });
  });

  it('is named by plan and validate, so that nobody looks for it in vain', async () => {
    const line = 'Left out, as their `when` is false: tune\n';
    expect((await project.pipe(['plan', 'p.yaml'])).stdout).toContain(line);
    expect((await project.pipe(['validate', 'p.yaml'])).stdout).toBe(
      `p.yaml: choice is valid, 2 stages\n${line}`,
    );
    const { stdout } = await project.pipe(['plan', 'p.yaml', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ left_out: ['tune'] });
    expect((await project.pipe(['plan', 'p.yaml', '--set', 'tune=true'])).stdout).not.toContain('Left out');
  });

  it('is said to be left out where it is asked for', async () => {
    const message = 'pipeline choice leaves the stage `tune` out: its `when` is false with these parameters';
    for (const args of [
      ['run', 'p.yaml', '--only', 'tune'],
      ['plan', 'p.yaml', '--force', 'page,tune'],
      ['cat', 'p.yaml', 'tune.text'],
    ]) {
      const { code, stderr } = await project.pipe(args);
      expect(stderr).toContain(message);
      expect(code).toBe(2);
    }
  });
});
