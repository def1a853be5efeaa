import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const { styledRows } = await import(join(ROOT, 'scripts/picture/styled-screen.mjs'));
const { recordingSvg } = await import(join(ROOT, 'scripts/picture/svg.mjs'));

describe('the picture of a terminal', () => {
  it('keeps words in their columns and styles, also where a style goes on in the next row', () => {
    expect(styledRows('\x1b[32m✔\x1b[39m a  b c\n  \x1b[1mx\ny\x1b[0m')).toEqual([
      [
        { column: 0, text: '✔', styles: ['green'] },
        { column: 2, text: 'a', styles: [] },
        { column: 5, text: 'b c', styles: [] },
      ],
      [{ column: 2, text: 'x', styles: ['bold'] }],
      [{ column: 0, text: 'y', styles: ['bold'] }],
    ]);
    expect(() => styledRows('\x1b[44mblue')).toThrow('a style that the picture does not know: 44');
  });

  it('shows its screens one after the other, and one alone to whoever wants no motion', () => {
    const screen = (text: string, seconds: number, still = false) => ({
      rows: styledRows(text),
      seconds,
      still,
    });
    const svg = recordingSvg([screen('<a> & b', 1), screen('second', 3, true)], 20, 'What is "seen"');
    expect(svg).toContain('>&lt;a&gt; &amp; b</text>');
    expect(svg).toContain('.s1 { visibility: visible; }\n@media (prefers-reduced-motion: no-preference)');
    expect(svg).toContain('@keyframes s0 { 0% { visibility: visible; } 25% { visibility: hidden; } }');
    expect(svg).toContain('@keyframes s1 { 0% { visibility: hidden; } 25% { visibility: visible; } }');
  });

  it('in the README is small, is text, and takes nothing from elsewhere', () => {
    const svg = readFileSync(join(ROOT, 'docs/pictures/quickstart.svg'), 'utf8');
    expect(svg.length).toBeLessThan(40_000);
    expect(svg).toContain('>npx pipe run pipelines/quickstart.yaml</text>');
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
      /https?:|href|url\(|<image|<script|@import/,
    );
    expect(svg).toContain('@media (prefers-color-scheme: dark)');
  });
});
