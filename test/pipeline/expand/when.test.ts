import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { folderWith, load, loadText, messagesOf, stage } from '../fixture.ts';

const ids = ({ stages }: { readonly stages: readonly { readonly id: string }[] }) =>
  stages.map(({ id }) => id);

describe('a stage with a condition', () => {
  it('is there where the condition is true, and left out where it is false', async () => {
    const text = `
params: { size: small }
stages:
  always: { uses: source }
  tune: { uses: source, when: params.size == "large" }
`;
    const small = await loadText(text);
    expect(ids(small)).toEqual(['always']);
    expect(small.leftOut).toEqual(['tune']);
    const large = await loadText(text, ['size=large']);
    expect(ids(large)).toEqual(['always', 'tune']);
    expect(large.leftOut).toEqual([]);
  });

  it('takes a truth value, and `--set` may give it', async () => {
    const text = 'stages:\n  one: { uses: source }\n  two: { uses: source, when: false }\n';
    expect(ids(await loadText(text))).toEqual(['one']);
    expect(ids(await loadText(text, ['stages.two.when=true']))).toEqual(['one', 'two']);
    expect(ids(await loadText(text, ['stages.two.when=null']))).toEqual(['one', 'two']);
    expect(ids(await loadText(text, ['stages.one.when=1 < 0', 'stages.two.when=true']))).toEqual(['two']);
  });

  it('may have settings that mean something only where it is there', async () => {
    const text = `
params: { lora: null }
stages:
  one: { uses: source }
  tune:
    uses: source
    when: params.lora != null
    with: { times: "\${params.lora.rank}" }
`;
    expect(ids(await loadText(text))).toEqual(['one']);
    expect(stage(await loadText(text, ['lora={rank: 8}']), 'tune').settings).toMatchObject({ times: 8 });
  });

  it('changes nothing of the stage itself: its name, settings and inputs stay', async () => {
    const plain = await loadText('stages:\n  a: { uses: source }\n');
    const asked = await loadText('params: { x: 1 }\nstages:\n  a: { uses: source, when: params.x == 1 }\n');
    const { place: _, ...one } = plain.stages[0]!;
    const { place: __, ...other } = asked.stages[0]!;
    expect(other).toEqual(one);
  });

  it('is left out of the variants of a sweep for which it is false', async () => {
    const pipeline = await loadText(`
params: { size: small, rate: 0.1 }
stages:
  words: { uses: source }
  tune: { uses: learn, when: params.size == "large", inputs: { text: words.text }, with: { rate: "\${params.rate}" } }
  page:
    uses: gather
    inputs: { words: words.text, model: { output: tune.model, optional: true } }
sweep: { size: [small, large], rate: [0.1, 0.2] }
`);
    expect(ids(pipeline)).toEqual([
      'words',
      'tune[size=large,rate=0.1]',
      'tune[size=large,rate=0.2]',
      'page[size=small,rate=0.1]',
      'page[size=large,rate=0.1]',
      'page[size=large,rate=0.2]',
    ]);
    expect(Object.keys(stage(pipeline, 'page[size=small,rate=0.1]').inputs)).toEqual(['words']);
    expect(stage(pipeline, 'page[size=large,rate=0.2]').inputs.model).toEqual({
      kind: 'output',
      stage: 'tune[size=large,rate=0.2]',
      output: 'model',
    });
  });

  it('is collected from the variants that have it', async () => {
    const text = (optional: string) => `
params: { size: small }
stages:
  tune: { uses: source, when: params.size != "none" }
  page: { uses: gather, inputs: { all: { each: tune.text${optional} } } }
sweep: { size: [none, small, large] }
`;
    const { inputs } = stage(await loadText(text(', optional: true')), 'page');
    expect(inputs.all).toMatchObject({ stages: { 'size=small': 'tune', 'size=large': 'tune' } });
    expect(await messagesOf(loadText(text('')))).toEqual([
      'stage `page` takes `tune.text`, but `tune` is left out',
    ]);
    expect(await messagesOf(loadText(text(', optional: true'), ['sweep.size=[none]']))).toEqual([
      'stage `page` collects `tune.text`, but `tune` is left out of every variant',
    ]);
  });

  it('counts as a reader of the parameters that an extending file adds', async () => {
    const base = 'schema: 1\nname: a\nstages:\n  one: { uses: source }\n';
    const own = (param: string) =>
      `extends: ./base.yaml\nparams: { ${param}: true }\nstages:\n  two: { uses: source, when: params.quick }\n`;
    const pipeline = await load(folderWith({ 'base.yaml': base, 'pipeline.yaml': own('quick') }));
    expect(ids(pipeline)).toEqual(['one', 'two']);
    expect(await messagesOf(load(folderWith({ 'base.yaml': base, 'pipeline.yaml': own('quikc') })))).toEqual([
      'what this file extends has no parameter `quikc`, and no stage reads it',
      'there is no parameter `quick`',
    ]);
  });

  it('leaves the pipeline that is written without the stages that are left out', async () => {
    // A chain of stages, each with its own switch; each may take the text of the stage before it.
    const switches = fc.array(fc.boolean(), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(switches, async (on) => {
        const params = on.map((value, n) => `p${n}: ${value}`).join(', ');
        const line = (n: number, when: string, optional: boolean) => {
          const input = optional ? `{ output: s${n - 1}.page, optional: true }` : `s${n - 1}.page`;
          const inputs = n === 0 ? '{}' : `{ before: ${input} }`;
          return `  s${n}: { uses: gather, ${when}inputs: ${n > 0 && !optional && !on[n - 1] ? '{}' : inputs} }\n`;
        };
        const conditional = on.map((_, n) => line(n, `when: params.p${n}, `, true)).join('');
        const written = on.flatMap((value, n) => (value ? [line(n, '', false)] : [])).join('');
        const loading = loadText(`params: { ${params} }\nstages:\n${conditional}`);
        if (!on.includes(true)) {
          expect(await messagesOf(loading)).toEqual([
            'every stage is left out: the condition of each is false',
          ]);
          return;
        }
        const bare = (pipeline: Awaited<typeof loading>) =>
          pipeline.stages.map(({ place: _, type, ...stage }) => ({ ...stage, uses: type.uses }));
        expect(bare(await loading)).toEqual(bare(await loadText(`stages:\n${written}`)));
      }),
      { numRuns: 40 },
    );
  });
});
