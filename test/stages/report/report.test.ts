import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { PageData } from '../../../src/stages/report/data/page-data.ts';
import { report } from '../../../src/stages/report/report.ts';
import { learningCurve } from '../../../src/stages/training/learning-curve.ts';
import type { Response } from '../../../src/text/responses.ts';
import { formatHistory } from '../../../src/training/state/history.ts';
import { freshDirectory, removeDirectories, runStage } from '../run-stage.ts';

afterEach(removeDirectories);

const responses: Response[] = [
  { instruction: 'Opposite?', input: 'hot', output: 'cold', model_response: 'cold' },
  { instruction: 'Name a colour.', input: '', output: 'red', model_response: 'blue' },
];
const scores = [
  { index: 0, score: 100, reply: '100', rationale: 'It is right.' },
  { index: 1, score: null, reason: 'the reply holds no number', reply: 'Fine!' },
];
const summary = {
  judge: { kind: 'ollama', label: 'Llama 3 8B through Ollama', language_model: true, model: 'llama3' },
  items: 2,
  scored: 1,
  unscored: 1,
  mean: 100,
  standard_deviation: null,
  interval_95: null,
};
/** All measures of agreement with one value. */
const agreement = (value: number) => ({
  ...{ items: 2, pearson: value, spearman: value, kendall: value },
  ...{ alpha_interval: value, alpha_ordinal: value, exact: value },
});
const evaluation = (updates: number, trainLoss: number) => ({
  updates,
  epoch: updates / 100,
  tokensSeen: updates * 512,
  trainLoss,
  validationLoss: trainLoss + 0.1,
  learningRate: updates === 0 ? null : 5e-5,
  gradNorm: updates === 0 ? null : 1.5,
});
const history = [evaluation(0, 3.82), evaluation(50, 1.1), evaluation(100, 0.64)];

interface Page {
  readonly inputs?: Record<string, unknown>;
  readonly with?: Record<string, unknown>;
}

/** The page about the two responses above; `inputs`: contents that replace or join theirs, by input name. */
async function page({ inputs = {}, with: settings = {} }: Page = {}) {
  const directory = freshDirectory();
  const contents = { responses, scores, ...inputs };
  const paths = Object.entries(contents).map(([name, content]) => {
    const path = join(directory, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return [name, path];
  });
  const run = await runStage(report, { with: settings, inputs: Object.fromEntries(paths) });
  const warnings = run.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  return { html: readFileSync(run.outputs.report!, 'utf8'), digest: run.digests.report, warnings };
}

describe('the report page', () => {
  it('shows title, settings, and each response beside the expected one', async () => {
    const { html } = await page({
      with: { title: 'My experiment', parameters: { epochs: 2, optimizer: { lr: 5e-5 } } },
    });
    expect(html).toContain('<title>My experiment</title>');
    expect(html).toContain('<th scope="row">epochs</th><td class="text">2</td>');
    expect(html).toContain('<th scope="row">optimizer.lr</th><td class="text">0.00005</td>');
    expect(html).toContain('<h4>Expected</h4><p class="text">red</p>');
    expect(html).toMatch(/<h4>Response<\/h4>.*<p class="text">blue<\/p>/);
  });

  it('shows what a judge said, and why there is no score', async () => {
    const { html } = await page();
    expect(html).toContain('It is right.');
    expect(html).toContain('No score: the reply holds no number.');
    expect(html).toContain('Fine!');
    expect(html).toContain('2, 1 scored, 1 without a score');
  });

  it('shows what a score is the mean of: judges of a jury, orders, criteria', async () => {
    const half = (score: number, criterion: number) => ({
      score,
      criteria: [{ name: 'accuracy', score: criterion, reply: `${criterion}!` }],
    });
    const judges = [
      { judge: 'Llama', score: 80, orders: [half(90, 91), half(70, 71)] },
      { judge: 'Phi', score: null, reason: 'the reply holds no number', reply: 'Well.' },
    ];
    const { html } = await page({ inputs: { scores: [{ index: 0, score: 80, judges }, scores[1]] } });
    const rows = [
      ...markup(html).matchAll(/<tr><th scope="row">([^<]*)<\/th><td>([^<]*)<\/td><td class="text">([^<]*)/g),
    ];
    expect(rows.map(([, ...texts]) => texts)).toEqual([
      ['Llama', '80', ''],
      ['Llama, shown first', '90', ''],
      ['Llama, shown first, accuracy', '91', '91!'],
      ['Llama, shown second', '70', ''],
      ['Llama, shown second, accuracy', '71', '71!'],
      ['Phi', '–', 'the reply holds no number'],
    ]);
  });

  it('shows what a mean is made of and how far the judge can be trusted', async () => {
    const one = { ...summary, mean: 61.25, interval_95: [55, 67.5] };
    const calibration = {
      ...{ bias: 4.2, interval_95: [1.1, 7.3], p: 0.0004, distance: 9 },
      agreement: agreement(0.5),
    };
    const { html } = await page({
      inputs: {
        summary: {
          ...summary,
          judges: [
            {
              ...one,
              judge: { label: 'Llama', language_model: true },
              criteria: [{ name: 'style', ...one }],
            },
          ],
          agreement: agreement(0.25),
          pairwise: { won: 5, tied: 2, lost: 1, order_bias: 0.125, order_bias_interval_95: [0.02, 0.47] },
          length_bias: { correlation: 0.3, interval_95: null },
          repeat_spread: 3.456,
          ...{ labelled: 30, calibration },
          corrected: { mean: 58, interval_95: [52, 64], lambda: 0.8, unlabelled: 80 },
        },
      },
    });
    const rows = [...markup(html).matchAll(/<tr><th scope="row">([^<]*)<\/th><td>([^<]*)<\/td><\/tr>/g)];
    expect(rows.map(([, name, text]) => `${name}: ${text}`)).toEqual([
      'Llama: 61.3 (95 % 55.0 to 67.5), 1 of 2 scored',
      'Llama, style: 61.3 (95 % 55.0 to 67.5), 1 of 2 scored',
      'Agreement of the judges: Krippendorff’s alpha (1 full, 0 chance): 0.25',
      'Agreement of the judges: rank correlation: 0.25',
      'Agreement of the judges: equal scores: 25 %',
      'Won, tied, lost against the other responses: 5, 2, 1',
      'Share of items whose winner hangs on the order: 0.13 (95 % 0.02 to 0.47)',
      'Length bias: correlation of scores with lengths: 0.30',
      'Spread of repeated scores of one response, in points: 3.46',
      'Items with a label of people: 30',
      'Mean that people would give (prediction-powered): 58.0 (95 % 52.0 to 64.0)',
      'Points that the judge gives too much: 4.2 (95 % 1.1 to 7.3), p &lt; 0.001',
      'Mean distance from people, in points: 9.00',
    ]);
  });

  it('shows what a language model was asked, of a jury each of its judges', async () => {
    const asked = {
      kind: 'ollama',
      label: 'A <b>',
      model: 'llama3',
      prompt: 'Is {{ model_response }} right?',
      instructions: 'A number only.',
      options: {},
      criteria: [{ name: 'truth', description: 'Is it so?' }],
    };
    const reference = { kind: 'reference', label: 'R', metric: 'chrf' };
    const { html } = await page({
      with: { judge: { kind: 'jury', label: 'J', judges: [asked, reference] } },
    });
    expect(html).toContain(
      '<details><summary>What the judge was asked</summary>\n<h4>A &lt;b&gt;</h4>\n<p class="text">Is {{ model_response }} right?</p>\n' +
        '<p class="text">Judge by this criterion alone: truth. Is it so?</p>\n<p class="text">A number only.</p>',
    );
    expect((await page({ with: { judge: reference } })).html).not.toContain('was asked</summary>');
    // The summary says that another one judged.
    const other = await page({ with: { judge: asked }, inputs: { summary } });
    expect(other.html).not.toContain('was asked</summary>');
    expect(other.warnings).toEqual([
      'the setting `judge` is A <b>, but Llama 3 8B through Ollama judged: what was asked is not shown',
    ]);
  });

  it('names a language model as the judge', async () => {
    const { html } = await page({ inputs: { summary } });
    expect(html).toContain('<strong>Llama 3 8B through Ollama</strong> <code>llama3</code>');
    expect(html).toContain('A language model scored each response.');
  });

  it('says plainly when no language model judged', async () => {
    const judge = { kind: 'reference', label: 'Comparison', language_model: false, metric: 'rouge_l' };
    const { html } = await page({ inputs: { summary: { ...summary, judge } } });
    expect(html).toContain('No language model was asked');
  });

  it('sets the untrained model beside the trained one', async () => {
    const { html } = await page({
      inputs: {
        scores: [
          { index: 0, score: 100 },
          { index: 1, score: 50 },
        ],
        baseline_scores: [
          { index: 0, score: 5 },
          { index: 1, score: 10 },
        ],
        baseline_responses: responses.map((response) => ({ ...response, model_response: 'qqq' })),
      },
    });
    expect(html).toMatch(/After training<\/div>\s*<div class="value">75\.00/);
    expect(html).toMatch(/Before training<\/div>\s*<div class="value">7\.50/);
    expect(html).toContain('+67.50');
    expect(html).toMatch(/<h4>Before training<\/h4>.*<p class="text"><mark>qqq<\/mark><\/p>/);
  });

  it('takes the mean before training from a summary alone', async () => {
    const { html } = await page({ inputs: { baseline_summary: { ...summary, mean: 12.5 } } });
    expect(html).toMatch(/Before training<\/div>\s*<div class="value">12\.50/);
  });

  it('draws the losses of a history', async () => {
    const { html } = await page({ inputs: { history: formatHistory(history) } });
    expect(html).toContain('<svg class="chart"');
    expect(html).toContain('Training loss 3.820 at first, 0.640 at the end');
    expect(html).toContain('All 3 evaluations');
    expect(markup(html)).not.toContain('kept');
  });

  it('says which evaluation a training has kept, and marks it in the picture', async () => {
    const marked = history.map((row) => (row.updates === 50 ? { ...row, kept: true as const } : row));
    const { html } = await page({ inputs: { history: formatHistory(marked) } });
    expect(html).toContain('lowest validation loss, 1.200, at step 49 (epoch 0.50).');
    expect(html).toContain('<td>49 (kept)</td>');
    expect(html).toContain('<circle class="kept"');
  });

  it('shows a given picture as an image, where its scripts cannot run', async () => {
    const hostile = learningCurve(history).replace('</svg>', '<script>alert(1)</script></svg>');
    const { html } = await page({ inputs: { loss_curve: hostile } });
    expect(markup(html)).not.toContain('alert');
    const base64 = /src="data:image\/svg\+xml;base64,([^"]*)"/.exec(html)?.[1] ?? '';
    expect(Buffer.from(base64, 'base64').toString()).toBe(hostile);
  });

  it('loads nothing, and runs nothing but its own script', async () => {
    const { html } = await page({ inputs: { summary, history: formatHistory(history) } });
    expect(html).toContain('default-src &#39;none&#39;');
    const [, script] = /<script>(.*)<\/script>/s.exec(html)!;
    const hash = createHash('sha256').update(script!).digest('base64');
    expect(html).toContain(`; script-src &#39;sha256-${hash}&#39;"`);
    expect(html.match(/<script[^>]*>/g)).toEqual(['<script type="application/json" id="data">', '<script>']);
    expect(markup(html)).not.toMatch(/<link|<iframe|\ssrc="(?!data:)|@import|url\((?!#)|\son\w+=/);
    expect(html).not.toMatch(/https?:\/\//);
  });

  it('says first what the mean of one model is worth', async () => {
    const many = Array.from({ length: 30 }, (_, index) => ({ ...responses[0]!, input: `${index}` }));
    const { html } = await page({
      inputs: { responses: many, scores: many.map((_, index) => ({ index, score: (index * 37) % 100 })) },
    });
    const [first, second] = leads(html);
    expect(first).toMatch(
      /^The mean score is 49\.\d of 100 \(95 % 3\d\.\d to \d\d\.\d\), over 30 responses\.$/,
    );
    expect(second).toMatch(
      /^A difference of \d+ points to another model can be shown with 30 items like these/,
    );
    expect(html).toContain(`<meta name="description" content="${first} ${second}">`);
  });

  it('says first that nothing was scored', async () => {
    const { html } = await page({ inputs: { scores: [{ score: null }, { score: null }] } });
    expect(leads(html)).toEqual(['No mean score: none of the 2 responses has a score.']);
  });

  it('says first whether training made it better, by the same items', async () => {
    const many = Array.from({ length: 30 }, (_, index) => ({ ...responses[0]!, input: `${index}` }));
    const scored = (add: number) => many.map((_, index) => ({ index, score: ((index * 7) % 50) + add }));
    const better = await page({
      inputs: {
        responses: many,
        scores: scored(20),
        baseline_scores: scored(0).map((one, index) => ({ ...one, score: one.score + (index % 5) })),
      },
    });
    expect(leads(better.html)[0]).toMatch(
      /^Compared with before training: after training is better by 18\.\d+ \(95 % [\d.]+ to [\d.]+, p &lt; 0\.001\)\.$/,
    );
    const equal = await page({ inputs: { responses: many, scores: scored(5), baseline_scores: scored(5) } });
    expect(leads(equal.html)[0]).toContain('no difference shown; all 30 items are equal');
  });

  it('leaves the losses before training out of the picture where they would flatten the rest', async () => {
    const later = Array.from({ length: 20 }, (_, at) => evaluation((at + 1) * 50, 1 + 1 / (at + 1)));
    const { html } = await page({ inputs: { history: formatHistory([evaluation(0, 9.8), ...later]) } });
    expect(html).toContain('The losses at the beginning, up to 9.90, are above the picture');
    const calm = await page({ inputs: { history: formatHistory([evaluation(0, 2.2), ...later]) } });
    expect(markup(calm.html)).not.toContain('above the picture');
  });

  it('says how to make it again, with what it was made of', async () => {
    const { html } = await page({ with: { parameters: { epochs: 2, note: "it's", nested: { a: 1 } } } });
    expect(html).toContain(
      '<code>pipe run FILE --set epochs=2 --set &#39;note=it&#39;\\&#39;&#39;s&#39;</code>',
    );
    const digest = createHash('sha256').update(JSON.stringify(responses)).digest('hex');
    expect(html).toContain(`<th scope="row">responses</th><td><code>${digest}</code></td>`);
  });

  it('has all items as data, and the first hundred as they are', async () => {
    const many = Array.from({ length: 130 }, (_, index) => ({ ...responses[0]!, input: `${index}` }));
    const { html } = await page({
      inputs: { responses: many, scores: many.map((_, index) => ({ index, score: 50 })) },
    });
    expect(markup(html).match(/<article /g)).toHaveLength(100);
    expect(html).toContain('The first 100 of 130 items');
    expect(dataOf(html).items).toHaveLength(130);
  });

  it('is the same bytes for the same inputs', async () => {
    const inputs = { summary, history: formatHistory(history) };
    const [first, second] = [await page({ inputs }), await page({ inputs })];
    expect(first.digest).toBe(second.digest);
  });
});

/** The page without its script and its data. */
function markup(html: string): string {
  return html.replace(/<script.*?<\/script>|<style>.*?<\/style>/gs, '');
}

function leads(html: string): string[] {
  return [...markup(html).matchAll(/<p class="lead">(.*)<\/p>/g)].map(([, text]) => text!);
}

function dataOf(html: string): PageData {
  return JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)![1]!);
}

describe('text from models and data sets', () => {
  // Fragments that end an element, an attribute, a comment or the document, and characters HTML forbids.
  const fragment = fc.constantFrom(
    '<script>alert(1)</script>',
    '</p></article></main></body></html>',
    '<!--',
    '-->',
    '" onload="alert(1)',
    "' style='x",
    '<img src=x onerror=alert(1)>',
    '&lt;',
    '&#0;',
    '${x}',
    '$&',
    ']]>',
    '</script>',
    '\u2028',
    '"; alert(1); "',
    '\u0000',
    '\u001b[31m',
    '\r',
    '\ud800',
    '\ufffe',
    '\u202e',
  );
  const hostile = fc
    .array(fc.oneof(fragment, fc.string({ unit: 'grapheme' })), { maxLength: 6 })
    .map((parts) => parts.join(''));

  it('never changes the structure of the page', async () => {
    const fields = fc.record({
      instruction: hostile,
      // An element each, so that the structure does not depend on what is empty.
      input: hostile.map((text) => `x${text}`),
      output: hostile.map((text) => `x${text}`),
      model_response: hostile.map((text) => `x${text}`),
    });
    const structure = (html: string) => html.replace(/>[^<]*</g, '><').replace(/aria-label="[^"]*"/g, '');
    const plain = { instruction: 'a', input: 'b', output: 'c', model_response: 'd' };
    const made = (item: Response, words: string) =>
      page({
        with: { title: words, parameters: { name: words } },
        inputs: {
          responses: [item],
          scores: [{ index: 0, score: null, reason: words, reply: words, rationale: words }],
          summary: { ...summary, judge: { ...summary.judge, label: words, model: words } },
        },
      });
    const expected = structure((await made(plain, 'e')).html);
    await fc.assert(
      fc.asyncProperty(fields, hostile, async (item, words) => {
        const { html } = await made(item, words);
        expect(structure(html)).toBe(expected);
        // What a browser would show is the text itself, less what HTML cannot hold.
        expect(shownTexts(html)).toContain(displayable(item.model_response));
        // The script gets it whole.
        expect(dataOf(html).items[0]!.answers[0]!.response).toBe(item.model_response);
      }),
      { numRuns: 60 },
    );
  });

  const displayable = (text: string) =>
    text.replace(/(?![\t\n\r])[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu, '\ufffd');

  /** Contents of the page's text paragraphs with character references resolved. */
  function shownTexts(html: string): string[] {
    const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' };
    return [...markup(html).matchAll(/<p class="text">([^<]*)<\/p>/g)].map(([, text]) =>
      text!.replace(/&(?:#(\d+)|(\w+));/g, (_, code, name) =>
        code ? String.fromCharCode(code) : entities[name]!,
      ),
    );
  }
});

describe('inputs that do not fit', () => {
  it('scores of other items are an error', async () => {
    await expect(page({ inputs: { scores: scores.slice(1) } })).rejects.toThrow(
      'Input scores has 1 items, but there are 2 responses.',
    );
  });

  it.each([99999999, -1, 0, 0.5])('scores with the index %d in the second place', async (index) => {
    for (const name of ['scores', 'baseline_scores']) {
      const wrong = [scores[0], { ...scores[1], index }];
      await expect(page({ inputs: { [name]: wrong } })).rejects.toMatchObject({
        name: 'StageError',
        message: `Item 1 of the input ${name} has the index ${index}, but its place is 1.`,
        hint: expect.stringContaining('in their order'),
      });
    }
  });

  it('scores in another order are an error, and without indices belong to their places', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: -1, max: 3 }), { minLength: 2, maxLength: 2 }),
        async (order) => {
          const made = page({ inputs: { scores: order.map((index) => ({ index, score: 50 })) } });
          if (order.join() === '0,1') await made;
          else await expect(made).rejects.toThrow('of the input scores has the index');
        },
      ),
    );
    await page({ inputs: { scores: [{ score: 1 }, { score: 2 }] } });
  });

  it('a byte order mark before any of them changes nothing', async () => {
    const inputs = {
      summary,
      baseline_scores: scores,
      baseline_summary: summary,
      baseline_responses: responses,
    };
    const marked = Object.entries({ responses, scores, ...inputs }).map(([name, value]) => [
      name,
      `\ufeff${JSON.stringify(value)}`,
    ]);
    const losses = formatHistory(history);
    const plain = await page({ inputs: { ...inputs, history: losses } });
    const { html } = await page({ inputs: { ...Object.fromEntries(marked), history: `\ufeff${losses}` } });
    const withoutDigests = (text: string) => text.replace(/<code>[0-9a-f]{64}<\/code>/g, '');
    expect(withoutDigests(html)).toBe(withoutDigests(plain.html));
  });

  it.each([
    ['scores', 'no JSON', /^Input scores is not JSON: /],
    ['scores', [{ score: 'high' }], /^Input scores is not what a judge writes: at \/0\/score: /],
    [
      'summary',
      { mean: 1 },
      /^Input summary is not what a judge writes: at the top: must have required properties judge/,
    ],
    ['history', 'step,loss\n1,2\n', /^Input history is not the history of a training: line 1: /],
    ['responses', [{ instruction: 'a' }], /^Item 0 of the input `responses` has no text "model_response"\.$/],
  ])('%s as %j', async (name, content, message) => {
    await expect(page({ inputs: { [name]: content } })).rejects.toThrow(message);
  });
});
