import type { SettingProblem } from '../../contract/stage-type.ts';
import { filterNames, isFilter, testNames } from './filters-and-tests.ts';
import { GLOBAL_NAMES } from './jinja.ts';
import { type PlacedName, parserMessage } from './jinja-nodes.ts';
import { MOST_UNKNOWN, type TemplateNames, templateNames } from './template-names.ts';
import type { TemplateKind } from './template-variables.ts';

/**
 * What is wrong with a template, before it is rendered: that it is not Jinja, each name, filter and test that is unknown, and each value
 * that it must use and does not. All of these are errors. A name that is never defined would be an empty text, and a prompt
 * without its record trains or judges nothing, which shows only after hours. Whoever means it can still say so: a name that
 * is used in a condition is used.
 */
export function templateProblems(
  path: readonly string[],
  text: string,
  { sees, called = 'variables here', needs, otherwise }: TemplateKind,
): SettingProblem[] {
  let names: TemplateNames;
  try {
    names = templateNames(text, [...sees, ...GLOBAL_NAMES]);
  } catch (error) {
    const message = `the template is not valid Jinja: ${parserMessage(error)}`;
    return [{ code: 'bad-template', path, message }];
  }
  const unknown = names.unknown.map(
    ({ name, offset, visible }): SettingProblem => ({
      code: 'unknown-variable',
      path,
      ...(offset !== undefined && { at: { offset, length: name.length } }),
      ...(names.own.includes(name)
        ? {
            message: `\`${name}\` has no value at this place of the template`,
            hint: 'it is set elsewhere; what is set in a loop ends with the loop (Jinja has `namespace` for that)',
          }
        : {
            message: `there is no variable \`${name}\` in this template`,
            meant: {
              name,
              known: visible.filter((other) => !GLOBAL_NAMES.includes(other)),
              what: called,
            },
          }),
    }),
  );
  const tests = testNames();
  const words = [
    ...unknownWords(path, 'filter', firstUnknown(names.filters, isFilter), filterNames),
    ...unknownWords(
      path,
      'test',
      firstUnknown(names.tests, (name) => tests.includes(name)),
      () => tests,
    ),
  ];
  // A slip in a name explains why the value is not used.
  if (unknown.length > 0) return [...unknown, ...words];
  const unused = needs
    .filter((name) => !names.used.has(name))
    .map((name) => ({
      code: 'unused-variable',
      path,
      message: `the template never uses \`${name}\`: ${otherwise}`,
      hint: `write {{ ${name} }} where it belongs`,
    }));
  return [...words, ...unused];
}

function firstUnknown(words: readonly PlacedName[], isKnown: (name: string) => boolean): PlacedName[] {
  const unknown: PlacedName[] = [];
  for (const word of words) {
    if (unknown.length < MOST_UNKNOWN && !isKnown(word.name)) unknown.push(word);
  }
  return unknown;
}

function unknownWords(
  path: readonly string[],
  kind: 'filter' | 'test',
  unknown: readonly PlacedName[],
  known: () => readonly string[],
): SettingProblem[] {
  return unknown.map(({ name, offset }) => ({
    code: `unknown-${kind}`,
    path,
    message: `there is no ${kind} \`${name}\` in templates`,
    meant: { name, known: known(), what: `${kind}s` },
    ...(offset !== undefined && { at: { offset, length: name.length } }),
  }));
}
