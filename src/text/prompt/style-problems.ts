import type { SettingProblem } from '../../contract/stage-type.ts';
import type { PromptStyle } from './prompt-style-schema.ts';
import { templateProblems } from './template-problems.ts';
import { PROMPT_TEMPLATE, RESPONSE_TEMPLATE } from './template-variables.ts';

/** What is wrong with the templates of a prompt style, which is the setting `prompt` of a stage. */
export function styleProblems({ prompt, response }: PromptStyle): readonly SettingProblem[] {
  return [
    ...templateProblems(['prompt', 'prompt'], prompt, PROMPT_TEMPLATE),
    ...templateProblems(['prompt', 'response'], response, RESPONSE_TEMPLATE),
  ];
}
