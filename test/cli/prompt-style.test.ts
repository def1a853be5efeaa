import { afterAll, describe, expect, it } from 'vitest';
import { digests, outcomes, Project } from './rig.ts';

const PIPELINE = `schema: 1
name: own-style
stages:
  format:
    uses: format
    inputs: { data: { file: ./data.json } }
    with: { prompt: ./styles/mine.yaml }
  model:
    uses: pretrained
    with:
      source: random
      model: { use: nano, n_layer: 1, n_head: 1, n_embd: 8, n_positions: 128 }
  generate:
    uses: generate
    inputs: { records: format.records, model: model.model }
    with: { prompt: ./styles/mine.yaml, max_new_tokens: 20 }
`;
const style = (
  stop: readonly string[],
) => `prompt: "Q: {{ instruction }}{{ ' (' + input + ')' if input else '' }}"
response: "\\nA: {{ output }}"
header: "A:"
stop: ${JSON.stringify(stop)}
`;
const DATA = [
  { instruction: 'Double it.', input: '21', output: '42' },
  { instruction: 'Say hello.', input: '', output: 'Hello.' },
];

describe("a user's own prompt style", () => {
  const project = new Project({
    'own.yaml': PIPELINE,
    'data.json': JSON.stringify(DATA),
    'styles/mine.yaml': style([]),
  });
  let records: string | undefined;
  afterAll(() => project.remove());
  const replies = async (): Promise<string[]> =>
    JSON.parse((await project.pipe(['cat', 'own.yaml', 'generate.responses'])).stdout).map(
      ({ model_response }: { model_response: string }) => model_response,
    );

  it('makes prompts and training texts', async () => {
    const { events, stderr } = await project.run(['own.yaml', '--engine', 'wasm']);
    expect(outcomes(events), stderr).toEqual({ format: 'ran', model: 'ran', generate: 'ran' });
    records = digests(events)['format.records'];
    const { stdout } = await project.pipe(['cat', 'own.yaml', 'format.records']);
    const texts = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map(({ prompt, response }: { prompt: string; response: string }) => [prompt, response]);
    expect(texts).toEqual([
      ['Q: Double it. (21)', '\nA: 42'],
      ['Q: Say hello.', '\nA: Hello.'],
    ]);
  });

  it('ends replies before its stop texts, and is keyed by what the file holds', async () => {
    const [whole] = (await replies()) as [string];
    const stop = [...whole].at(-1)!;
    project.write('styles/mine.yaml', `# The same style, with a stop text.\n${style([stop])}`);
    const { events } = await project.run(['own.yaml', '--engine', 'wasm']);
    expect(outcomes(events)).toEqual({ format: 'ran', model: 'hit', generate: 'ran' });
    expect(digests(events)['format.records']).toBe(records);
    expect((await replies())[0]).toBe(whole.slice(0, whole.indexOf(stop)).trim());

    project.write('styles/mine.yaml', `# Another comment.\n${style([stop])}`);
    const again = await project.run(['own.yaml', '--engine', 'wasm']);
    expect(outcomes(again.events)).toEqual({ format: 'hit', model: 'hit', generate: 'hit' });
  });

  it('is shown where it is wrong', async () => {
    project.write('styles/mine.yaml', 'prompt: "{{ instruction }}"\nanswer: "{{ output }}"\nheader: ""\n');
    const { code, stderr } = await project.pipe(['validate', 'own.yaml']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/styles\/mine\.yaml:2:1/);
    expect(stderr).toContain('`answer`');
  });

  it.each([['validate'], ['plan'], ['run']])(
    'with a misspelt variable is refused by %s, before anything runs',
    async (verb) => {
      project.write('styles/mine.yaml', style([]).replace('+ input +', '+ inptu +'));
      const { code, stderr } = await project.pipe(
        [verb, 'own.yaml', '--force', 'format'].slice(0, verb === 'run' ? 4 : 2),
      );
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /styles\/mine\.yaml:1:\d+: error: there is no variable `inptu` in this template/,
      );
      expect(stderr).toContain('did you mean `input`?');
    },
  );
});
