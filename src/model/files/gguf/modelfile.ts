import { StageError } from '../../../contract/stage-context.ts';
import { renderPrompt, renderResponse } from '../../../text/prompt/prompt-style.ts';
import type { PromptStyle } from '../../../text/prompt/prompt-style-schema.ts';
import { END_OF_TEXT } from '../../../text/tokenizer/tokenizer.ts';

/** Name of the weights next to the Modelfile. */
export const GGUF_FILE = 'model.gguf';

/** Stand for the instruction and the answer while a style is rendered: private characters, found in no style. */
const INSTRUCTION = '\u{F0001}';
const ANSWER = '\u{F0002}';

/**
 * The Modelfile from which `ollama create` makes a model that answers as it was trained to: the prompt style as a
 * template, its stop texts, and greedy decoding as in the `generate` stage. Without a style the template is the
 * question alone. Format: https://docs.ollama.com/modelfile. Throws StageError if the style does not show
 * instruction and answer once each. `endOfText`: the text of the token that ends a reply.
 */
export function modelfile(
  style: PromptStyle | undefined,
  contextLength: number,
  endOfText = END_OF_TEXT,
): string {
  const ofModel = style?.chat_template === 'model';
  const { before, between, after } =
    style && !ofModel ? textsOf(style) : { before: '', between: '', after: '' };
  const template = `${goText(before)}{{ .Prompt }}${goText(between)}{{ .Response }}${goText(after)}`;
  const lines = [
    `FROM ./${GGUF_FILE}`,
    ...(ofModel ? NO_TEMPLATE : [`TEMPLATE """${template}"""`]),
    ...stopTexts(style, before, after, endOfText).map((stop) => `PARAMETER stop ${quoted(stop)}`),
    `PARAMETER num_ctx ${contextLength}`,
    'PARAMETER temperature 0',
    '# The default punishes words that were used before, which changes even greedy answers.',
    'PARAMETER repeat_penalty 1',
  ];
  return `${lines.join('\n')}\n`;
}

/** Ollama's templates are Go's, and no Jinja can be made one exactly. */
const NO_TEMPLATE = [
  `# The chat template is in ${GGUF_FILE} (tokenizer.chat_template). Ollama knows the usual ones by their text. Ask "ollama show --template"`,
  '# whether it has found one; where it has not, write it here as TEMPLATE, in the language of Go: https://docs.ollama.com/modelfile',
];

/** What stands before the instruction, between it and the answer, and after the answer. */
interface StyleTexts {
  readonly before: string;
  readonly between: string;
  readonly after: string;
}

function textsOf(style: PromptStyle): StyleTexts {
  const prompt = renderPrompt(style, { instruction: INSTRUCTION, input: '' });
  const response = renderResponse(style, { instruction: INSTRUCTION, input: '', output: ANSWER });
  const [before, afterInstruction, ...more] = prompt.split(INSTRUCTION);
  const [beforeAnswer, after, ...others] = response.split(ANSWER);
  if (afterInstruction === undefined || more.length > 0) {
    throw new StageError('A Modelfile needs a prompt style whose `prompt` shows the instruction once.');
  }
  if (after === undefined || others.length > 0 || response.includes(INSTRUCTION)) {
    throw new StageError(
      'A Modelfile needs a prompt style whose `response` shows the output once and nothing else.',
    );
  }
  // The tokenizer joins a space to the word after it, so a prompt that ends in one asks what no text held.
  const between = `${afterInstruction}${beforeAnswer}`.replace(/ +$/, '');
  return { before: before!, between, after };
}

/**
 * Texts that no answer holds: the style's own, the end of text, what closes an answer, and the line that opens an
 * instruction, with which a model that does not stop invents the next exercise.
 */
function stopTexts(
  style: PromptStyle | undefined,
  before: string,
  after: string,
  endOfText: string,
): string[] {
  const opening = before.trimEnd().split('\n').at(-1)!.trim();
  const closing = after.trim().split('\n')[0]!;
  const derived = [closing, opening].filter((text) => text !== '' && !text.includes('"'));
  return [...new Set([endOfText, ...(style?.stop ?? []), ...derived])];
}

/** Text inside a Go template that is taken as it stands; also, a Modelfile's text ends at three quotation marks. */
function goText(text: string): string {
  return text.replace(/\{\{|"""|^"|"$/g, (special) => `{{ ${JSON.stringify(special)} }}`);
}

function quoted(text: string): string {
  if (!/["\n]/.test(text)) return `"${text}"`;
  if (!/^"|"""|"$/.test(text)) return `"""${text}"""`;
  throw new StageError(`A Modelfile cannot hold the stop text ${text}: quotation marks stand at its ends.`);
}
