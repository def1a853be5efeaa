import type { SettingProblem } from '../../../contract/stage-type.ts';
import { templateProblems } from '../../../text/prompt/template-problems.ts';
import { questionTemplate } from '../../../text/prompt/template-variables.ts';
import type { JudgeSettings } from '../settings.ts';
import type { AskingSettings } from './language-model-judge.ts';

type AnyJudge = JudgeSettings['judge'];

/** What is wrong with the texts that language models are asked with: those of a judge, or of each judge of a jury. */
export function questionProblems(judge: AnyJudge, path: readonly string[]): readonly SettingProblem[] {
  if (judge.kind === 'jury')
    return judge.judges.flatMap((one, index) => questionProblems(one, [...path, 'judges', String(index)]));
  if (!('prompt' in judge)) return [];
  return [
    ...templateProblems([...path, 'prompt'], judge.prompt, questionTemplate(judge)),
    ...plainTexts(judge).flatMap(([inner, text]) => templateInText([...path, ...inner], text)),
  ];
}

/** Texts that are sent as they are. */
function plainTexts({ instructions, criteria = [] }: AskingSettings): [path: string[], text: string][] {
  return [
    [['instructions'], instructions],
    ...criteria.map(({ description }, index): [string[], string] => [
      ['criteria', String(index), 'description'],
      description,
    ]),
  ];
}

/** Whoever writes `{{ output }}` wants the output there, and not these braces. */
function templateInText(path: readonly string[], text: string): SettingProblem[] {
  const found = /\{\{-?\s*[a-z_]\w*|\{%/i.exec(text);
  if (found === null) return [];
  return [
    {
      code: 'no-template',
      path,
      at: { offset: found.index, length: found[0].length },
      message: 'this text is sent as it is: it is no template',
      hint: 'only `prompt` is a template: what needs the response or its record belongs there',
    },
  ];
}
