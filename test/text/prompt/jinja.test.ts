import { Template } from '@huggingface/jinja';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textTemplate } from '../../../src/text/prompt/jinja.ts';

const render = (text: string, values = {}) => textTemplate('The template', text)(values);

/** `r` is the longest list that `range` gives. */
const loops = (text: string) => `{% set r = range(10000) %}${text}`;
/** Forty times, a value becomes one that holds it twice. */
const inside = (next: string) =>
  `{% set n = namespace(t=1) %}{% for i in range(40) %}{% set n.t = ${next} %}{% endfor %}{{ n.t }}`;

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
    ['nested loops without a body', loops('{% for a in r %}{% for b in r %}{% endfor %}{% endfor %}')],
    [
      'nested loops that leave early',
      loops('{% for a in r %}{% for b in r %}{% break %}{% endfor %}{% endfor %}'),
    ],
    [
      'nested loops that choose nothing',
      loops('{% for a in r %}{% for b in r if false %}{% endfor %}{% endfor %}'),
    ],
    ['a long list that is sorted over and over', loops('{% for a in r %}{{ (r | sort)[0] }}{% endfor %}')],
    [
      'a long text that is searched over and over',
      "{% set n = namespace(t='abcdefgh') %}{% for i in range(20) %}{% set n.t = n.t ~ n.t %}{% endfor %}{% for i in range(9999) %}{{ 'x' in n.t }}{% endfor %}",
    ],
    ['a list that holds another twice, and so on', inside('[n.t, n.t]')],
    ['an object that holds another twice, and so on', inside("{'a': n.t, 'b': n.t}")],
    ['a namespace that holds another twice, and so on', inside('namespace(a=n.t, b=n.t)')],
    ['brackets nested too deep', `{{ ${'('.repeat(5000)}1${')'.repeat(5000)} }}`],
    ['a text that is indented without bound', "{{ 'x' | indent(1000000000) }}"],
  ])('with %s is refused', { timeout: 10_000 }, (_, text) => {
    expect(() => render(text)).toThrow(
      /^The template (asks for too much|is not valid Jinja: it is nested too deep|cannot be rendered: a text that it asks for is too long)/,
    );
  });

  it('may go through a conversation of a thousand turns, and look at other turns from each', () => {
    const messages = Array.from({ length: 1000 }, (_, n) => ({
      role: n % 2 ? 'assistant' : 'user',
      content: `turn ${n} `.repeat(50),
    }));
    const text =
      '{% for m in messages %}{{ m.role }}{% if loop.index0 > 0 and messages[loop.index0 - 1].role != m.role and messages | length > 2 %}{{ m.content | trim }}{% endif %}{% endfor %}';
    expect(render(text, { messages })).toHaveLength(new Template(text).render({ messages }).length);
  });

  it('that names an unknown function says so', () => {
    expect(() => render('{{ nothing() }}')).toThrow('The template names `nothing`, which is undefined.');
    expect(() => render("{{ raise_exception('no input') }}")).toThrow('no input');
  });

  it.each([
    ['{{ nothing }}', 'nothing'],
    ['{% if nothing %}x{% endif %}', 'nothing'],
    ['{{ instruction.content }}', 'instruction.content'],
    ['{% set turn = {"role": "user"} %}{{ turn.rol }}', 'turn.rol'],
    ['{{ [instruction][1] }}', '…[1]'],
    ['{% set turn = {"role": "user"} %}{{ turn["of"]["what"] }}', 'turn["of"]'],
    ['{% for w in [1] %}{% endfor %}{{ w }}', 'w'],
    ['{% macro m(text) %}{{ text }}{% endmacro %}{{ m() }}', 'text'],
    ['{{ instruction.nothing is none }}', 'instruction.nothing'],
  ])('that reads what is undefined, as %s does, says so', (text, name) => {
    expect(() => render(text, { instruction: 'x' })).toThrow(
      `The template names \`${name}\`, which is undefined.`,
    );
  });

  it.each([
    ['{{ nothing is defined }}{{ instruction.nothing is undefined }}', 'falsetrue'],
    ["{{ nothing | default('-') }}{{ instruction.nothing | default('-') }}", '--'],
    ["{{ 'x' if false }}{{ '' if instruction else nothing }}", ''],
    ['{% for w in [1, 2] %}{{ loop.nextitem | default("end") }}{% endfor %}', '2end'],
    ['{% set ns = namespace() %}{% set ns.x = 1 %}{{ ns.x }}', '1'],
  ])('may ask whether something is defined, and leave out what is not read: %s', (text, expected) => {
    expect(render(text, { instruction: 'x' })).toBe(expected);
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
