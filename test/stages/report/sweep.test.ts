import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { report } from '../../../src/stages/report/report.ts';
import { freshDirectory, removeDirectories, runStage } from '../run-stage.ts';
import { exampleHtml } from './example-report.ts';

afterEach(removeDirectories);

const variants = [
  'learning_rate=0.00001,epochs=1',
  'learning_rate=0.00005,epochs=1',
  'learning_rate=0.00005,epochs=2',
];

describe('a report that collects the variants of a sweep', () => {
  it('says first which is the best, and how sure that is', async () => {
    const html = await exampleHtml({ items: 40, variants });
    expect(html).toMatch(
      /<p class="lead">Compared with learning_rate=0.00005,epochs=1, learning_rate=0.00005,epochs=2 is better by [\d.]+ \(95 % [\d.]+ to [\d.]+, p (=|&lt;) [\d.]+, corrected for 3 comparisons\); it is the best of 3\.<\/p>/,
    );
  });

  it('has a table of parameters, scores and losses, the best first', async () => {
    const html = await exampleHtml({ items: 40, variants });
    const table = /<table class="sweep">(.*?)<\/table>/s.exec(html)![1]!;
    expect([...table.matchAll(/<th scope="col">(.*?)<\/th>/g)].map(([, name]) => name)).toEqual([
      'learning_rate',
      'epochs',
      'Mean score (95 %)',
      'Difference to the best',
      'p',
      'Validation loss',
    ]);
    const rows = [...table.matchAll(/<th scope="row">(.*?)<\/th><td>(.*?)<\/td><td>([\d.]+)/g)];
    expect(rows.map(([, rate, epochs]) => [rate, epochs])).toEqual([
      ['0.00005', '2'],
      ['0.00005', '1'],
      ['0.00001', '1'],
    ]);
    expect(table).toMatch(/<strong>best<\/strong>/);
  });

  it('draws a learning curve and a line across the parameters for each', async () => {
    const html = await exampleHtml({ items: 10, variants });
    for (const variant of variants) {
      expect(html).toContain(`<title>${variant}, validation loss</title>`);
      expect(html).toContain(`<title>${variant}: `);
    }
  });

  it('sets the responses beside each other, the best first, and marks other words', async () => {
    const html = await exampleHtml({ items: 3, variants });
    const [card] = /<article id="item-1".*?<\/article>/s.exec(html)!;
    expect([...card.matchAll(/<h4>(.*?)<\/h4>/g)].map(([, name]) => name)).toEqual([
      'Expected',
      'learning_rate=0.00005, epochs=2',
      'learning_rate=0.00005, epochs=1',
      'learning_rate=0.00001, epochs=1',
    ]);
    expect(card.match(/<mark>/g)!.length).toBeGreaterThan(0);
  });
});

describe('inputs of which only some are collected', () => {
  const files = () => {
    const folder = freshDirectory();
    const write = (name: string, value: unknown) => {
      writeFileSync(join(folder, name), JSON.stringify(value));
      return join(folder, name);
    };
    const item = { instruction: 'Opposite of hot?', input: '', output: 'cold', model_response: 'cold' };
    return {
      responses: write('responses', [item]),
      other: write('other', [{ ...item, instruction: 'Another question?' }]),
      high: write('high', [{ score: 90 }]),
      low: write('low', [{ score: 40 }]),
    };
  };

  it('scores of several judges are of the same responses', async () => {
    const { responses, high, low } = files();
    const { outputs } = await runStage(report, {
      inputs: { responses },
      collections: { scores: { 'judge=mild': high, 'judge=strict': low } },
    });
    const html = readFileSync(outputs.report!, 'utf8');
    expect(html).toContain('judge=mild is not shown to be better than judge=strict');
    expect(html.match(/<article id="item-\d/g)).toHaveLength(1);
  });

  it('items are the same where their question is', async () => {
    const { responses, other, high, low } = files();
    const { outputs } = await runStage(report, {
      collections: { responses: { 'a=1': responses, 'a=2': other }, scores: { 'a=1': high, 'a=2': low } },
    });
    const html = readFileSync(outputs.report!, 'utf8');
    expect(html.match(/<article id="item-\d/g)).toHaveLength(2);
    expect(html).toContain('no item has a value on both sides');
  });

  it('collected responses need collected scores', async () => {
    const { responses, high } = files();
    const made = runStage(report, {
      inputs: { scores: high },
      collections: { responses: { 'a=1': responses } },
    });
    await expect(made).rejects.toMatchObject({
      name: 'StageError',
      hint: expect.stringContaining('Collect both'),
    });
  });

  it('a variant with scores alone is named', async () => {
    const { responses, high } = files();
    const made = runStage(report, {
      collections: { responses: { 'a=1': responses }, scores: { 'a=1': high, 'a=2': high } },
    });
    await expect(made).rejects.toThrow('The variant a=2 has scores, but no responses.');
  });
});
