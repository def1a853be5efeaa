import { StageError } from '../../contract/stage-context.ts';
import { chatTemplateOf, TemplateProblem, type TextTemplate } from '../prompt/jinja.ts';
import type { InstructionRecord } from '../records.ts';
import type { Turn } from '../turns.ts';

/** How a model writes conversations, as its folder says. */
export interface ChatTemplateSource {
  /** Jinja, as `transformers` renders it. */
  readonly template: string;
  /** Tokens with a role, by it: bos_token, eos_token and so on. */
  readonly roles: Readonly<Record<string, string>>;
}

/** Writes conversations as a model reads them. */
export class ChatTemplate {
  readonly #render: TextTemplate;
  readonly #roles: Readonly<Record<string, string>>;

  /** Throws StageError where the template is no Jinja. */
  constructor({ template, roles }: ChatTemplateSource) {
    this.#render = inWords(() => chatTemplateOf(template));
    this.#roles = roles;
  }

  /**
   * The text of a conversation. `asksReply`: with what the assistant's next turn begins with. The template sees no tools, no
   * documents and no clock: the same conversation is the same text every day. Throws StageError.
   */
  text(turns: readonly Turn[], { asksReply }: { readonly asksReply: boolean }): string {
    const messages = turns.map(({ role, content }) => ({ role, content }));
    const values = { messages, add_generation_prompt: asksReply, tools: null, documents: null };
    return inWords(() => this.#render({ ...this.#roles, ...values }));
  }
}

/** The turns of a record up to the question, which an answer may follow. */
export function questionTurns({ system, history = [], prompt }: InstructionRecord): readonly Turn[] {
  return [
    ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
    ...history,
    { role: 'user', content: prompt },
  ];
}

function inWords<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TemplateProblem)) throw error;
    throw new StageError(`The model's chat template ${error.message}.`, {
      hint: 'The template is chat_template.jinja of the model, or chat_template in its tokenizer_config.json.',
    });
  }
}
