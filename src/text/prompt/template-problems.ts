import type { SettingProblem } from '../../contract/stage-type.ts';
import { GLOBAL_NAMES } from './jinja.ts';
import { parserMessage } from './jinja-nodes.ts';
import { type TemplateNames, templateNames } from './template-names.ts';
import type { TemplateKind } from './template-variables.ts';

/**
 * What is wrong with a template, before it is rendered: that it is not Jinja, each name that nothing can define, and each value
 * that it must use and does not. All of these are errors. A name that is never defined would be an empty text, and a prompt
 * without its record trains or judges nothing, which shows only after hours. Whoever means it can still say so: a name that
 * is used in a condition is used.
 */
export function templateProblems(
  path: readonly string[],
  text: string,
  { sees, needs, otherwise }: TemplateKind,
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
              what: 'variables here',
            },
          }),
    }),
  );
  // A slip in a name explains why the value is not used.
  if (unknown.length > 0) return unknown;
  return needs
    .filter((name) => !names.used.has(name))
    .map((name) => ({
      code: 'unused-variable',
      path,
      message: `the template never uses \`${name}\`: ${otherwise}`,
      hint: `write {{ ${name} }} where it belongs`,
    }));
}
