import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stagesNamed } from '../../../src/pipeline/variant-name.ts';
import { loadText, messagesOf } from '../fixture.ts';

const STAGES = `
params: { rate: 0.1, times: 1, text: a }
stages:
  write: { uses: source, with: { text: "\${params.text}", times: "\${params.times}" } }
  train: { uses: learn, inputs: { text: write.text }, with: { rate: "\${params.rate}" } }
`;

/** Labels of the variants of a sweep over these parameters. */
async function labels(sweep: unknown, overrides: readonly string[] = []): Promise<string[]> {
  const { variants } = await loadText(`${STAGES}sweep: ${JSON.stringify(sweep)}\n`, overrides);
  return variants.map(({ label }) => label);
}

describe('a range of a sweep', () => {
  it('goes by steps, both ends included, without digits that nobody wrote', async () => {
    expect(await labels({ rate: { from: 0.1, to: 0.5, step: 0.1 } })).toEqual(
      [0.1, 0.2, 0.3, 0.4, 0.5].map((rate) => `rate=${rate}`),
    );
    expect(await labels({ times: { from: 1, to: 6, step: 2 } })).toEqual(['times=1', 'times=3', 'times=5']);
  });

  it('is divided into a number of steps', async () => {
    expect(await labels({ rate: { from: 0, to: 1, steps: 5 } })).toEqual(
      [0, 0.25, 0.5, 0.75, 1].map((rate) => `rate=${rate}`),
    );
  });

  it('has equal ratios on a logarithmic scale, and ends exactly as written', async () => {
    expect(await labels({ rate: { from: 1e-5, to: 1e-3, steps: 5, scale: 'log' } })).toEqual([
      'rate=0.00001',
      'rate=0.00003162',
      'rate=0.0001',
      'rate=0.0003162',
      'rate=0.001',
    ]);
  });

  it('has the asked number of rising values within its ends, whatever they are', async () => {
    const bounds = fc
      .tuple(fc.double({ min: 1e-6, max: 1, noNaN: true }), fc.double({ min: 1.5, max: 1000, noNaN: true }))
      .map(([from, ratio]) => ({ from, to: from * ratio }));
    await fc.assert(
      fc.asyncProperty(
        bounds,
        fc.integer({ min: 2, max: 6 }),
        fc.boolean(),
        async ({ from, to }, steps, isLog) => {
          const range = { from, to, steps, ...(isLog && { scale: 'log' }) };
          const values = (await labels({ rate: range })).map((label) => Number(label.slice('rate='.length)));
          expect(values).toHaveLength(steps);
          expect(values).toEqual(values.toSorted((one, other) => one - other));
          expect(values[0]).toBeCloseTo(from, 9);
          expect(values.at(-1)! / to).toBeCloseTo(1, 9);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the points of a sweep', () => {
  it('may be given one by one; what one leaves out has its value from the parameters', async () => {
    expect(await labels([{ rate: 0.5, times: 3 }, { rate: 0.2 }])).toEqual([
      'rate=0.5,times=3',
      'rate=0.2,times=1',
    ]);
  });

  it('lack those that are excluded, and have those that are included besides', async () => {
    const sweep = {
      rate: [0.1, 0.2],
      times: [1, 2],
      exclude: [{ rate: 2e-1, times: 2 }],
      include: [{ rate: 0.9 }, { text: 'b' }],
    };
    expect(await labels(sweep)).toEqual([
      'rate=0.1,times=1,text=a',
      'rate=0.1,times=2,text=a',
      'rate=0.2,times=1,text=a',
      'rate=0.9,times=1,text=a',
      'rate=0.1,times=1,text=b',
    ]);
  });

  it('may be overridden from the command line where the file excludes some of them', async () => {
    const sweep = { rate: [0.1, 0.2], exclude: [{ rate: 0.2 }] };
    expect(await labels(sweep, ['sweep.rate=[0.3]'])).toEqual(['rate=0.3']);
  });
});

describe('a sample of a sweep', () => {
  const sweep = { rate: { from: 1e-6, to: 1, scale: 'log' }, times: [1, 2, 3, 4] };

  it('is as large as asked, the same again for the same seed, and another for another one', async () => {
    const first = await labels({ ...sweep, sample: { count: 20, seed: 1 } });
    expect(new Set(first).size).toBe(20);
    expect(await labels({ ...sweep, sample: { count: 20, seed: 1 } })).toEqual(first);
    expect(await labels({ ...sweep, sample: { count: 20, seed: 2 } })).not.toEqual(first);
  });

  it('begins with the points of a smaller one, so a larger one trains nothing again', async () => {
    const large = await labels({ ...sweep, sample: { count: 20 } });
    expect(await labels({ ...sweep, sample: { count: 5 } })).toEqual(large.slice(0, 5));
  });

  it('draws evenly: from a list, and from a range on its scale', async () => {
    const points = await labels({ ...sweep, sample: { count: 1000, seed: 3 } });
    const rates = points.map((label) => Number(/rate=([^,]+)/.exec(label)![1]));
    for (const edge of [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1]) {
      const inDecade = rates.filter((rate) => rate >= edge && rate < edge * 10).length;
      expect(Math.abs(inDecade - 1000 / 6)).toBeLessThan(50); // over four standard deviations
    }
    for (const times of [1, 2, 3, 4]) {
      const drawn = points.filter((label) => label.endsWith(`times=${times}`)).length;
      expect(Math.abs(drawn - 250)).toBeLessThan(60);
    }
  });

  it('has nothing that is excluded', async () => {
    const points = await labels({ ...sweep, sample: { count: 50 }, exclude: [{ times: 3 }] });
    expect(points).toHaveLength(50);
    expect(points.filter((label) => label.endsWith('times=3'))).toEqual([]);
  });

  it('of a finite sweep can be all of it', async () => {
    const all = await labels({ rate: [1, 2], times: [1, 2] });
    const drawn = await labels({ rate: [1, 2], times: [1, 2], sample: { count: 4 } });
    expect(drawn.toSorted()).toEqual(all.toSorted());
  });
});

describe('a variant', () => {
  const named = async (wanted: string) =>
    stagesNamed(await loadText(`${STAGES}sweep: { rate: [0.00001, 0.1], times: [1, 2] }\n`), wanted).map(
      ({ id }) => id,
    );

  it.each([
    ['train', ['rate=0.00001,times=1', 'rate=0.00001,times=2', 'rate=0.1,times=1', 'rate=0.1,times=2']],
    ['train[rate=0.1,times=2]', ['rate=0.1,times=2']],
    ['train@rate=1e-5,times=2', ['rate=0.00001,times=2']],
    ['train@times=2.0, rate=.1', ['rate=0.1,times=2']],
    ['train[times=2,rate=1e-1]', ['rate=0.1,times=2']],
    ['train@times=1', ['rate=0.00001,times=1', 'rate=0.1,times=1']],
    ['train@rate=7', []],
    ['train@text=a', []],
    ['trian@times=1', []],
    ['train@', []],
  ])('is named by %s', async (wanted, labels) => {
    expect(await named(wanted)).toEqual(labels.map((label) => `train[${label}]`));
  });

  it('that shares a stage with others names that stage', async () => {
    expect(await named('write@rate=0.1,times=2')).toEqual(['write[times=2]']);
  });
});

describe('a sweep over objects', () => {
  const data = (...values: unknown[]) =>
    `params: { data: ${JSON.stringify(values[0])} }
stages:
  write: { uses: source, with: { text: "\${params.data.text}", times: "\${params.data.times}" } }
  train: { uses: learn, inputs: { text: write.text } }
sweep: { data: ${JSON.stringify(values)} }
`;
  const named = [
    { name: 'books', text: 'a long text that nobody wants to see in a name', times: 1 },
    { name: 'the web', text: 'b', times: 2 },
  ];

  it('calls each variant by the `name` of its object', async () => {
    const pipeline = await loadText(data(...named));
    expect(pipeline.stages.map(({ id }) => id)).toEqual([
      'write[data=books]',
      'write[data=the web]',
      'train[data=books]',
      'train[data=the web]',
    ]);
    expect(stagesNamed(pipeline, 'train@data=the web')).toHaveLength(1);
    expect(pipeline.variants[1]).toEqual({ label: 'data=the web', params: { data: named[1] } });
  });

  it('calls objects and lists without a name by a short text, always the same', async () => {
    const short = { text: 'a', times: 1 };
    const long = { text: 'b'.repeat(40), times: 2 };
    const { variants } = await loadText(data(short, long));
    expect(variants.map(({ label }) => label)).toEqual([
      'data={"text":"a","times":1}',
      expect.stringMatching(/^data=object-[0-9a-f]{8}$/),
    ]);
    const turned = await loadText(data({ times: 2, text: 'b'.repeat(40) }, short));
    expect(turned.variants[0]!.label).toBe(variants[1]!.label);
  });

  it('refuses two objects of one name', async () => {
    expect(await messagesOf(loadText(data(named[0], { ...named[1], name: 'books' })))).toEqual([
      'the sweep over `data` holds books twice',
    ]);
  });
});
