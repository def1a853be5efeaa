import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Project } from './rig.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** Commands of the README's shell blocks and of its table of commands, without what follows a `#`. */
const COMMANDS = [...README.matchAll(/(?:npx |`)pipe +([^`#\n]+)/g)]
  .map(([, command]) => command!.trim())
  .filter((command) => !command.startsWith('VERB'));

describe('README', () => {
  const project = new Project();
  afterAll(() => project.remove());

  it.each([...new Set(COMMANDS)])('pipe %s: the verb and its options exist', async (command) => {
    const [verb, ...words] = command.split(/\s+/);
    const help = await project.pipe([verb!, '--help']);
    expect(help.code).toBe(0);
    for (const option of words.filter((word) => word.startsWith('--'))) expect(help.stdout).toContain(option);
  });

  it('names files that are there', () => {
    const links = [...README.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path!);
    const pipelines = [...README.matchAll(/pipelines\/[\w-]+\.yaml/g)].map(([path]) => path);
    for (const path of [...links, ...pipelines]) expect(() => readFileSync(join(ROOT, path))).not.toThrow();
  });

  it('shows a pipeline that runs', async () => {
    project.write('pipelines/mine.yaml', /```yaml\n([^`]+)```/.exec(README)![1]!);
    project.write('pipelines/data/responses.json', readFileSync(join(ROOT, 'pipelines/data/responses.json')));
    expect((await project.run(['pipelines/mine.yaml'])).code).toBe(0);
  });

  it('shows mistakes as the program does', async () => {
    project.write(
      'my.yaml',
      `schema: 1
name: my-experiment
stages:
  tokenise: { uses: command, with: { run: "true", outputs: { train: a, validation: b } } }
  pretrained:
    uses: pretrained
    with: { source: openai, model: gpt2-smal }
  train:
    uses: train
    inputs: { train: tokenise.train, validation: tokenise.validation, model: pretrained.model }
    with: { learning_rate: 5e-5, epoch: 2 }
`,
    );
    const { code, stderr } = await project.pipe(['validate', 'my.yaml']);
    expect(code).toBe(2);
    expect(README).toContain(stderr.trim());
  });
});
