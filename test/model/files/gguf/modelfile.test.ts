import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { modelfile } from '../../../../src/model/files/gguf/modelfile.ts';
import { renderPrompt, renderResponse } from '../../../../src/text/prompt/prompt-style.ts';
import type { PromptStyle } from '../../../../src/text/prompt/prompt-style-schema.ts';

const prompts = new URL('../../../../configs/prompts/', import.meta.url);
const shipped = (name: string) => parse(readFileSync(new URL(name, prompts), 'utf8')) as PromptStyle;

/** What Ollama makes of a Modelfile's template, whose only actions here are the question, the answer and texts. */
function filled(file: string, question: string, answer: string): string {
  const template = /^TEMPLATE """([\s\S]*?)"""$/m.exec(file)![1]!;
  return template.replace(/\{\{ (\.Prompt|\.Response|"(?:[^"\\]|\\.)*") \}\}/g, (_, action: string) => {
    if (action === '.Prompt') return question;
    return action === '.Response' ? answer : JSON.parse(action);
  });
}

const stops = (file: string) => [...file.matchAll(/^PARAMETER stop (.*)$/gm)].map(([, text]) => text);

describe('a Modelfile', () => {
  it('of the alpaca style', () => {
    expect(modelfile(shipped('alpaca.yaml'), 1024)).toBe(`FROM ./model.gguf
TEMPLATE """Below is an instruction that describes a task. Write a response that appropriately completes the request.

### Instruction:
{{ .Prompt }}

### Response:
{{ .Response }}"""
PARAMETER stop "<|endoftext|>"
PARAMETER stop "### Instruction:"
PARAMETER num_ctx 1024
PARAMETER temperature 0
# The default punishes words that were used before, which changes even greedy answers.
PARAMETER repeat_penalty 1
`);
  });

  it('leaves the template of a chat model to the file, and says what to do', () => {
    const file = modelfile(shipped('chat.yaml'), 64);
    expect(file).not.toMatch(/^TEMPLATE/m);
    expect(file).toContain('tokenizer.chat_template');
    expect(stops(file)).toEqual(['"<|endoftext|>"']);
  });

  it.each(readdirSync(prompts).filter((name) => name !== 'chat.yaml'))(
    'asks what the model was trained with: %s',
    (name) => {
      const style = shipped(name);
      const item = { instruction: 'Name a bird.', input: '', output: 'Crow' };
      const trained = renderPrompt(style, item) + renderResponse(style, item);
      const asked = filled(modelfile(style, 64), item.instruction, item.output);
      // A space before the answer is the model's to write.
      expect(asked.replace('Crow', ' Crow').replace(/\s+/g, ' ')).toBe(
        trained.replace('Crow', ' Crow').replace(/\s+/g, ' '),
      );
    },
  );

  it('without a style passes the question on', () => {
    const file = modelfile(undefined, 64);
    expect(filled(file, 'Q', 'A')).toBe('QA');
    expect(stops(file)).toEqual(['"<|endoftext|>"']);
  });

  it('stops at what closes an answer and at the stop texts of the style', () => {
    const style = {
      prompt: '<|user|>\n{{ instruction }}<|end|>\n',
      response: '<|assistant|>\n{{ output }}<|end|>\n',
      header: '<|assistant|>',
      stop: ['say "stop" now'],
    };
    expect(stops(modelfile(style, 64))).toEqual([
      '"<|endoftext|>"',
      '"""say "stop" now"""',
      '"<|end|>"',
      '"<|user|>"',
    ]);
  });

  it("keeps texts that mean something to Ollama's template", () => {
    const style = {
      prompt: '{{ \'{{ x }} """ \' + instruction }}',
      response: '\n{{ output }}',
      header: '',
      stop: [],
    };
    expect(filled(modelfile(style, 64), 'Q', 'A')).toBe('{{ x }} """ Q\nA');
  });

  it('refuses a stop text that its quotation marks would swallow', () => {
    const style = { prompt: '{{ instruction }}', response: '{{ output }}', header: '', stop: ['"end"'] };
    expect(() => modelfile(style, 64)).toThrow('cannot hold the stop text "end"');
  });

  it.each([
    ['no instruction', { prompt: 'Hello', response: '{{ output }}' }, '`prompt` shows the instruction once'],
    ['no output', { prompt: '{{ instruction }}', response: 'yes' }, '`response` shows the output once'],
    [
      'the instruction again in the response',
      { prompt: '{{ instruction }}', response: '{{ instruction }} {{ output }}' },
      '`response` shows the output once and nothing else',
    ],
  ])('cannot be made of a style with %s', (_, style, message) => {
    expect(() => modelfile({ ...style, header: '', stop: [] }, 64)).toThrow(message);
  });
});
