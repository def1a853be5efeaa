import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GLOBAL_NAMES, textTemplate } from '../../../src/text/prompt/jinja.ts';
import { templateNames } from '../../../src/text/prompt/template-names.ts';
import { templateProblems } from '../../../src/text/prompt/template-problems.ts';

const KNOWN = ['instruction', 'input', 'output'];
const unknownIn = (text: string) =>
  templateNames(text, [...KNOWN, ...GLOBAL_NAMES]).unknown.map(({ name }) => name);

describe('the names of a template', () => {
  it.each([
    '{{ instruction }}',
    '{{ instruction | trim | replace("inptu", "x") }}',
    "{{ '\\n' + input if input else '' }}",
    '{% set text = instruction %}{{ text }}',
    '{% set text %}{{ input }}{% endset %}{{ text }}',
    '{% if input %}{% set text = input %}{% else %}{% set text = instruction %}{% endif %}{{ text }}',
    '{% for word in instruction.split(" ") %}{{ loop.index }}: {{ word }}{% else %}{{ input }}{% endfor %}',
    '{% for word in instruction.split(" ") if word != input %}{{ word }}{% endfor %}',
    '{% for first, second in [[1, 2]] %}{{ first + second }}{% endfor %}',
    '{% macro quote(text, mark="> ") %}{{ mark }}{{ text }}{{ later }}{% endmacro %}{% set later = 1 %}{{ quote(input, mark=">> ") }}',
    '{% macro box() %}{{ caller("x") }}{% endmacro %}{% call(text) box() %}{{ text }}{{ input }}{% endcall %}',
    '{% filter upper %}{{ input }}{% endfilter %}',
    '{% set ns = namespace(count=0) %}{% for i in range(3) %}{% set ns.count = ns.count + i %}{% endfor %}{{ ns.count }}',
    '{% if text is defined %}{{ input }}{% endif %}{% set text = 1 %}',
    '{{ {"role": instruction}["role"] }}{{ [input, true, None][0] }}',
    '{# {{ nothing }} #}{{ instruction[1:3] }}{{ instruction ~ input }}',
    '{{ instruction.upper() }}{{ input is string }}{{ output is defined }}',
  ])('all have a value in %s', (text) => {
    expect(unknownIn(text)).toEqual([]);
  });

  it.each([
    ['{{ instrution }}', ['instrution']],
    ['{% if inptu %}x{% endif %}', ['inptu']],
    ['{% for w in words %}{{ w }}{% endfor %}{{ w }}', ['words', 'w']],
    ['{% for w in input.split(" ") if u %}{{ loop.index }}{% endfor %}{{ loop }}', ['u', 'loop']],
    ['{{ text }}{% set text = input %}', ['text']],
    ['{% macro m(text) %}{{ txt }}{% endmacro %}{{ text }}', ['txt', 'text']],
    ['{% macro m(a=b) %}{% endmacro %}{{ m(c, a=d) }}', ['b', 'c', 'd']],
    ['{% call(x) y() %}{{ z }}{% endcall %}', ['y', 'z']],
    ['{{ inptu is defined }}{{ outptu | default("") }}{{ inp | d("") }}', ['inptu', 'outptu', 'inp']],
    ['{{ nothing.instruction[more] }}{{ {key: value} }}', ['nothing', 'more', 'key', 'value']],
    ['{% set ns.x = y %}', ['y', 'ns']],
    [
      "{{ 'a' if b else c }}{{ d ~ (not e) }}{{ f[g:h] }}",
      ['b', 'a', 'c', 'd', 'e', 'f', 'g', 'h'].filter((n) => n !== 'a'),
    ],
  ])('in %s: nothing defines %j', (text, names) => {
    expect(unknownIn(text).toSorted()).toEqual([...names].toSorted());
  });

  it('stand where they are said to be, whatever is around them', () => {
    const text =
      "inptu {# inptu #}{{ 'inptu \\' inptu' ~ \"inptu\" }}{%- if\n inptu -%} inptu{% endif %}{{inptu}}";
    const { unknown } = templateNames(text, KNOWN);
    expect(unknown.map(({ offset }) => offset)).toEqual([
      text.indexOf('inptu -%}'),
      text.lastIndexOf('inptu'),
    ]);
  });

  /** Templates that use a name in their code, and mention it where it is only text. */
  const context = fc.constantFrom<(name: string, text: string) => string>(
    (name) => `{{ ${name} }}`,
    (name, text) => `{{- ${name} | upper -}} ${text}`,
    (name) => `{% if ${name} %}x{% elif input and not ${name} %}y{% endif %}`,
    (name) => `{% for word in ${name}.split(' ') if word != ${name} %}{{ word }}{% endfor %}`,
    (name) => `{% set text = 'a' ~ ${name} %}{{ text[0] }}`,
    (name) => `{% set text %}{{ ${name} }}{% endset %}`,
    (name, text) => `{{ "quoted \\" ${text}" if ${name} is defined else '${text}' }}`,
    (name) =>
      `{% macro mark(of, end=${name}) %}{{ of }}{{ ${name} }}{% endmacro %}{{ mark(${name}, end='x') }}`,
    (name) => `{% macro box() %}{{ caller() }}{% endmacro %}{% call box() %}{{ ${name} }}{% endcall %}`,
    (name, text) => `{{ [1, ${name}, {'${text}': ${name}}] | length }}`,
    (name, text) => `{% filter trim %}{{ ${name} | default('${text}') }}{% endfilter %}`,
    (name, text) => `{# ${text} #}{{ ${name}[0:2] if input else ${name}.strip() }}`,
  );
  const filler = fc.constantFrom(
    '',
    'Text. ',
    '\n',
    '{{ input }}',
    '{% if true %}',
    '{# note #}',
    "{{ '}}' }}",
    '### ',
  );

  it('property: of each slip of one letter in the name of a value, every place is found', () => {
    const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz_0123456789');
    const slip = fc.tuple(
      fc.constantFrom(...KNOWN),
      fc.nat(),
      letter,
      fc.constantFrom('change', 'drop', 'add', 'swap'),
    );
    fc.assert(
      fc.property(slip, context, filler, filler, ([name, at, by, how], used, before, after) => {
        const place = at % name.length;
        const [left, rest] = [name.slice(0, place), name.slice(place)];
        const edited = {
          change: left + by + rest.slice(1),
          drop: left + rest.slice(1),
          add: left + by + rest,
          swap: left + (rest[1] ?? '') + rest[0] + rest.slice(2),
        }[how];
        fc.pre(
          /^[a-z_]/.test(edited) && ![...KNOWN, 'text', 'word', 'of', 'end', 'in', 'is'].includes(edited),
        );
        const close = before === '{% if true %}' ? '{% endif %}' : '';
        const end = after === '{% if true %}' ? '{% endif %}' : '';
        const around = (inner: string) => before + inner + close + after + end;
        const text = around(used(edited, edited));
        const uses = used('\u00ab', edited).split('\u00ab').length - 1;

        const found = templateProblems([], text, { sees: KNOWN, needs: [], otherwise: '' });
        const words = found.map(({ at }) => at && text.slice(at.offset, at.offset + at.length));
        expect(words).toEqual(Array(uses).fill(edited));
      }),
      { numRuns: 2000 },
    );
  });

  it('property: the same templates with the right name are right, and can be rendered', () => {
    fc.assert(
      fc.property(fc.constantFrom(...KNOWN), context, filler, (name, used, before) => {
        const text = before + used(name, name) + (before === '{% if true %}' ? '{% endif %}' : '');
        expect(templateProblems([], text, { sees: KNOWN, needs: [], otherwise: '' })).toEqual([]);
        textTemplate('The template', text)({ instruction: 'a b', input: 'c', output: 'd e' });
      }),
    );
  });
});
