import { StageError } from '../../contract/stage-context.ts';
import type { DataItem } from '../../text/items/data-item.ts';
import type { Finding } from '../../text/items/findings.ts';
import { rendersValue } from '../../text/prompt/prompt-style.ts';
import type { FormatSettings } from './settings.ts';

/** Sees to it that a prompt style renders what conversations have, or that a person knows what is lost. */
export class Conversations {
  readonly #settings: FormatSettings;
  readonly #rendersHistory: boolean;
  readonly #rendersSystem: boolean;
  #withoutHistory = 0;
  #withoutSystem = 0;

  constructor(settings: FormatSettings) {
    this.#settings = settings;
    this.#rendersHistory = rendersValue(settings.prompt, 'history');
    this.#rendersSystem = rendersValue(settings.prompt, 'system');
  }

  /** Throws StageError for earlier turns that the style leaves out, unless `turns` says that this is meant. */
  check({ history = [], system = '' }: DataItem, where: string): void {
    if (system !== '' && !this.#rendersSystem) this.#withoutSystem += 1;
    if (history.length === 0 || this.#rendersHistory) return;
    this.#withoutHistory += 1;
    if (this.#settings.turns !== undefined) return;
    throw new StageError(
      `The conversation of ${where} has ${history.length} turns before its last question, but the prompt style leaves \`history\` out.`,
      {
        hint: 'Use a style that renders them, such as `prompt: chatml`. Or set `turns: last` for last answers without what was said before, or `turns: each` for a record of each answer.',
      },
    );
  }

  /** What the style has left out, as warnings. */
  findings(): readonly Finding[] {
    const left = (count: number, what: string, name: string): Finding[] =>
      count === 0
        ? []
        : [
            {
              message: `the prompt style leaves out ${what} of ${count} ${count === 1 ? 'record' : 'records'}`,
              hint: `Use a style that renders \`${name}\`, such as \`prompt: chatml\`.`,
            },
          ];
    return [
      ...left(this.#withoutSystem, 'the system message', 'system'),
      ...left(this.#withoutHistory, 'the earlier turns', 'history'),
    ];
  }
}
