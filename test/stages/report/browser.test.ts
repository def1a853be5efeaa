import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeDirectories } from '../run-stage.ts';
import { Browser, findChromium, type Look } from './browser.ts';
import { exampleReport } from './example-report.ts';

const chromium = findChromium();
/** Where pictures of the pages go, for a person to look at; none are made without it. */
const PICTURES = process.env.PIPE_SCREENSHOTS;

/** All that ends an element, a comment, a string or a line too early. */
const HOSTILE = `</script></title></p><!--<script>alert(1)</script>--><img src=x onerror=alert(1)>"'\`\${x}\u2028\u2029\0\u202e`;

const VARIANTS = [0.00001, 0.00005].flatMap((rate) =>
  [1, 2, 3].map((epochs) => `learning_rate=${rate},epochs=${epochs}`),
);

const ABOUT = 'the report in Chromium (PIPE_CHROMIUM, or chromium in PATH)';
describe.skipIf(chromium === undefined)(ABOUT, { timeout: 120_000 }, () => {
  let browser: Browser;
  let pair: string;
  let sweep: string;
  beforeAll(async () => {
    browser = await Browser.start(chromium!);
    pair = await exampleReport({ items: 110 });
    sweep = await exampleReport({ items: 110, variants: VARIANTS });
  });
  afterAll(async () => {
    await browser?.close();
    removeDirectories();
  });

  const count = () => browser.evaluate<string>("document.getElementById('count').textContent");
  const numberOfCards = () => browser.evaluate<number>("document.querySelectorAll('article').length");
  const firstCard = () => browser.evaluate<string>("document.querySelector('article').id");
  const words = () => browser.evaluate<string>("document.querySelector('.values').textContent");
  const ticksOfChart = () =>
    browser.evaluate<string>(
      "[...document.querySelectorAll('#plot-area text')].map((one) => one.textContent).join()",
    );
  const choose = (id: string, value: string) =>
    browser.evaluate(`{ const field = document.getElementById('${id}'); field.value = '${value}';
      field.dispatchEvent(new Event('input', { bubbles: true })); }`);
  const focused = () => browser.evaluate<string>('document.activeElement.id');
  const picture = async (name: string) => {
    if (PICTURES === undefined) return;
    mkdirSync(PICTURES, { recursive: true });
    writeFileSync(join(PICTURES, `${name}.png`), await browser.screenshot());
  };

  it.each<[string, Look]>([
    ['light', {}],
    ['dark', { scheme: 'dark' }],
    ['phone', { width: 390 }],
    ['without scripts', { scripts: false }],
  ])(
    'has no error, no request, no violation of axe, and nothing beside the window: %s',
    async (name, look) => {
      for (const [page, path] of Object.entries({ pair, sweep })) {
        await browser.open(path, look);
        if (look.scripts !== false) await browser.frame();
        await picture(`${page} ${name}`);
        expect([browser.errors, browser.requests]).toEqual([[], []]);
        const { width = 1280 } = look;
        expect(await browser.evaluate('document.documentElement.scrollWidth')).toBe(width);
        expect(await numberOfCards()).toBe(look.scripts === false ? 100 : 20);
        // axe is a script itself.
        if (look.scripts === false) continue;
        await browser.evaluate(`${axe.source}; undefined`);
        const violations =
          "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0].html))";
        expect(await browser.evaluate(violations)).toEqual([]);
      }
    },
  );

  it('shows hostile texts as texts', async () => {
    await browser.open(await exampleReport({ items: 3, text: HOSTILE }));
    await browser.frame();
    expect([browser.errors, browser.requests]).toEqual([[], []]);
    const shown = await browser.evaluate<string>(
      "document.querySelector('article .instruction').textContent",
    );
    expect(shown).toContain(HOSTILE.replace('\0', '\ufffd'));
    expect(await browser.evaluate("document.querySelectorAll('img, article script, [onerror]').length")).toBe(
      0,
    );
    expect(await count()).toBe('3 items');
  });

  it('orders, filters and searches', async () => {
    await browser.open(pair);
    expect(await count()).toBe('110 items');
    await choose('order', 'best');
    const best = await browser.evaluate<string>(
      "document.querySelector('article .score strong').textContent",
    );
    await choose('order', 'worst');
    const worst = await browser.evaluate<string>(
      "document.querySelector('article .score strong').textContent",
    );
    expect(Number(best)).toBeGreaterThan(Number(worst));
    await choose('which', 'unscored');
    expect(await count()).toBe('3 of 110 items');
    await choose('which', 'all');
    await choose('from', '60');
    expect(await count()).toBe('60 of 110 items');
    await choose('from', '0');
    await choose('search', 'question 77:');
    expect([await count(), await firstCard()]).toEqual(['1 of 110 items', 'item-77']);
  });

  it('goes to the item that the address names, also to one that is far down or filtered out', async () => {
    await browser.open(pair, {}, '#item-90');
    await browser.frame();
    const top = () =>
      browser.evaluate<number>("Math.round(document.querySelector('#item-90').getBoundingClientRect().top)");
    expect(Math.abs(await top())).toBeLessThan(60);
    await choose('search', 'question 77:');
    await browser.evaluate("location.hash = '#item-5'");
    await browser.frame();
    expect([await count(), await focused()]).toEqual(['110 items', 'item-5']);
  });

  it('is walked through with keys, which a reader can turn off', async () => {
    await browser.open(pair);
    for (const [key, item] of [
      ['j', 'item-1'],
      ['j', 'item-2'],
      ['j', 'item-3'],
      ['k', 'item-2'],
    ] as const) {
      await browser.press(key);
      expect(await focused()).toBe(item);
    }
    await browser.press('/');
    expect(await focused()).toBe('search');
    await browser.press('j');
    expect(await focused()).toBe('search');
    await browser.evaluate("document.activeElement.blur(), document.getElementById('keys').click()");
    await browser.press('j');
    expect(await focused()).not.toMatch(/^item/);
  });

  it('has few stops of the tabulator beside the controls and what the judge said', async () => {
    await browser.open(pair);
    const stops = 'document.querySelectorAll(\'a:not([tabindex="-1"])\').length';
    expect(await browser.evaluate(stops)).toBe(0);
  });

  it('reads the values of curves to the pointer and to arrow keys', async () => {
    await browser.open(sweep);
    const [x, y] = await browser.evaluate<[number, number]>(
      "{ const plot = document.getElementById('plot-area'); plot.scrollIntoView({ block: 'center' }); const { left, top, width, height } = plot.getBoundingClientRect(); [left + width / 2, top + height / 2] }",
    );
    await browser.point(x, y);
    expect(await words()).toMatch(/^At epoch [\d.]+: learning_rate=0.00001,epochs=1: validation [\d.]+; /);
    const before = await words();
    await browser.evaluate("document.getElementById('plot-area').focus()");
    await browser.press('ArrowRight');
    expect(await words()).not.toBe(before);
  });

  it('zooms by drag, click, key and button, and runs along tokens', async () => {
    await browser.open(sweep);
    const whole = await ticksOfChart();
    const [left, width, middle] = await browser.evaluate<[number, number, number]>(
      "{ const plot = document.getElementById('plot-area'); plot.scrollIntoView({ block: 'center' }); const { left, top, width, height } = plot.getBoundingClientRect(); [left, width, top + height / 2] }",
    );
    const zooms = [
      () =>
        browser.drag([
          [left + width * 0.4, middle],
          [left + width * 0.5, middle],
          [left + width * 0.7, middle],
        ]),
      () =>
        browser.drag([
          [left + width / 2, middle],
          [left + width / 2, middle],
        ]),
      async () => {
        await browser.evaluate("document.getElementById('plot-area').focus()");
        await browser.press('+');
      },
      () => browser.evaluate("document.getElementById('zoom-in').click()"),
    ];
    for (const zoom of zooms) {
      await zoom();
      expect(await ticksOfChart()).not.toBe(whole);
      await browser.evaluate("document.getElementById('plot-area').focus()");
      await browser.press('0');
      expect(await ticksOfChart()).toBe(whole);
    }
    await choose('along', 'tokens');
    expect(await ticksOfChart()).toMatch(/\d+K.*tokens seen/);
  });

  it('sets beside each other the responses that the reader chooses', async () => {
    await browser.open(sweep);
    const headings = () =>
      browser.evaluate<string[]>(
        "[...document.querySelectorAll('article:first-of-type h4')].slice(0, 4).map((one) => one.textContent)",
      );
    expect(await headings()).toEqual([
      'Expected',
      'learning_rate=0.00005, epochs=3',
      'learning_rate=0.00005, epochs=2',
      'learning_rate=0.00005, epochs=1',
    ]);
    await browser.evaluate(
      "document.querySelector('#models input:checked').click(), document.querySelector('#models input[value=\"0\"]').click()",
    );
    expect((await headings()).at(-1)).toBe('learning_rate=0.00001, epochs=1');
  });

  it('draws of 10,000 items only those near the window, wherever that is', async () => {
    await browser.open(await exampleReport({ items: 10_000 }));
    await browser.frame();
    expect(await count()).toBe('10000 items');
    for (const share of [0, 0.3, 0.9, 1]) {
      await browser.evaluate(`scrollTo(0, document.documentElement.scrollHeight * ${share})`);
      await browser.frame();
      expect(await numberOfCards()).toBeLessThan(200);
    }
    await browser.evaluate("location.hash = '#item-7777'");
    await browser.frame();
    expect(await focused()).toBe('item-7777');
  });

  it('prints every item', async () => {
    await browser.open(pair);
    await browser.evaluate(
      "addEventListener('afterprint', () => (window.printed = document.querySelectorAll('article').length)), 0",
    );
    const pdf = await browser.pdf();
    if (PICTURES !== undefined) writeFileSync(join(PICTURES, 'pair.pdf'), pdf);
    expect(await browser.evaluate('window.printed')).toBe(110);
  });
});
