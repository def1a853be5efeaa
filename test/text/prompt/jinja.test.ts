import { Template } from '@huggingface/jinja';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textTemplate } from '../../../src/text/prompt/jinja.ts';

const render = (text: string, values = {}) => textTemplate('The template', text)(values);

describe('a template', () => {
  it.each([
    'range(1000000000)',
    'range(0, 1000000000, 7)',
    'range(10, -1000000000, -1)',
    'range(0, 1, 0)',
    'range(10000000000000000, 10000000000000002, 1)',
  ])('with %s is refused in bounded memory', (call) => {
    const before = process.memoryUsage().rss;
    expect(() => render(`{% for i in ${call} %}x{% endfor %}`)).toThrow(
      /^The template asks for too much: range\(.*\) has more than 10000 numbers\.$/,
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });

  it.each([
    [
      'nested loops',
      '{% set r = range(1000) %}{% for a in r %}{% for b in r %}{% for c in r %}x{% endfor %}{% endfor %}{% endfor %}',
    ],
    ['an endless macro', '{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}'],
    [
      'a text that doubles',
      "{% set n = namespace(t='abcdefgh') %}{% for i in range(27) %}{% set n.t = n.t ~ n.t %}{% endfor %}{{ n.t }}",
    ],
  ])('with %s is refused', (_, text) => {
    expect(() => render(text)).toThrow(/^The template (asks for too much|is not valid Jinja): /);
  });

  it('that names an unknown function says so', () => {
    expect(() => render('{{ nothing() }}')).toThrow(/^The template is not valid Jinja: /);
    expect(() => render("{{ raise_exception('no input') }}")).toThrow('no input');
  });

  it('gives what the plain library gives', () => {
    const number = fc.integer({ min: -20, max: 20 });
    const bounds = fc.oneof(
      fc.tuple(number),
      fc.tuple(number, number),
      fc.tuple(
        number,
        number,
        number.filter((step) => step !== 0),
      ),
    );
    fc.assert(
      fc.property(bounds, fc.string(), (of, instruction) => {
        const text = `{% if instruction %}{{ instruction | trim }}{% endif %}{% for i in range(${of.join(', ')}) %}{{ i }},{{ none }}{{ True }}{% endfor %}`;
        expect(render(text, { instruction })).toBe(new Template(text).render({ instruction }));
      }),
    );
  });
});
