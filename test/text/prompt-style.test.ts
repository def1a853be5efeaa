import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Value } from '@sinclair/typebox/value';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cutReply, type InstructionItem, renderPrompt, renderResponse } from '../../src/text/prompt-style.ts';
import { PromptStyle } from '../../src/text/prompt-style-schema.ts';
import { bookData } from '../book-data.ts';

const shipped = (name: string): PromptStyle =>
  Value.Decode(
    PromptStyle,
    parse(readFileSync(join(import.meta.dirname, `../../configs/prompts/${name}.yaml`), 'utf8')),
  );
const alpaca = shipped('alpaca');
const plain = shipped('plain');
const text = (style: PromptStyle, item: InstructionItem) =>
  renderPrompt(style, item) + renderResponse(style, item);

describe('the alpaca style', () => {
  // Figures 7.4 and 7.5 of the book print the texts of records 50 and 999.
  it('gives the text of the book for a record with an input', () => {
    const record50 = {
      instruction: 'Identify the correct spelling of the following word.',
      input: 'Ocassion',
      output: "The correct spelling is 'Occasion.'",
    };
    expect(text(alpaca, record50)).toBe(
      'Below is an instruction that describes a task. Write a response that appropriately completes the request.' +
        '\n\n### Instruction:\nIdentify the correct spelling of the following word.' +
        '\n\n### Input:\nOcassion' +
        "\n\n### Response:\nThe correct spelling is 'Occasion.'",
    );
  });

  it('leaves the input section out where there is none', () => {
    const record999 = {
      instruction: "What is an antonym of 'complicated'?",
      input: '',
      output: "An antonym of 'complicated' is 'simple'.",
    };
    expect(text(alpaca, record999)).toBe(
      'Below is an instruction that describes a task. Write a response that appropriately completes the request.' +
        "\n\n### Instruction:\nWhat is an antonym of 'complicated'?" +
        "\n\n### Response:\nAn antonym of 'complicated' is 'simple'.",
    );
  });

  it('ends the prompt before the header of the response', () => {
    expect(renderPrompt(alpaca, { instruction: 'Add.', input: '1 + 1' })).toMatch(/### Input:\n1 \+ 1$/);
  });

  it('cuts a reply as the book does', () => {
    expect(cutReply(alpaca, '\n\n### Response:\nJane Austen.\n')).toBe('Jane Austen.');
  });

  it.skipIf(bookData === undefined)('equals format_input of the book on every record', () => {
    const records: InstructionItem[] = JSON.parse(
      readFileSync(join(bookData ?? '', 'instruction-data.json'), 'utf8'),
    );
    for (const { instruction, input, output } of records) {
      // Written out as in listing 7.2, with concatenation in place of templates.
      const formatted =
        'Below is an instruction that describes a task. ' +
        'Write a response that appropriately completes the request.' +
        `\n\n### Instruction:\n${instruction}${input ? `\n\n### Input:\n${input}` : ''}`;
      expect(renderPrompt(alpaca, { instruction, input })).toBe(formatted);
      expect(text(alpaca, { instruction, input, output })).toBe(`${formatted}\n\n### Response:\n${output}`);
    }
    expect(records).toHaveLength(1100);
  });
});

describe('every shipped style', () => {
  const item = fc.record({
    instruction: fc.string({ minLength: 1 }),
    input: fc.string(),
    output: fc.string(),
  });

  it.each([
    ['alpaca', alpaca],
    ['plain', plain],
  ])('%s: the reply cut from the response of a record is its output', (_, style) => {
    fc.assert(
      fc.property(item, (item) => {
        fc.pre(!item.output.includes(style.header));
        expect(cutReply(style, renderResponse(style, item))).toBe(item.output.trim());
      }),
    );
  });

  it.each([
    ['alpaca', alpaca],
    ['plain', plain],
  ])('%s: text of a record is never taken for a template', (_, style) => {
    const hostile = { instruction: '{{ 1 + 1 }}', input: '{% if x %}', output: '{# note #}' };
    expect(text(style, hostile)).toContain('{{ 1 + 1 }}');
    expect(text(style, hostile)).toContain('{% if x %}');
    expect(text(style, hostile)).toContain('{# note #}');
  });
});

describe('cutReply', () => {
  it('ends at the first stop text', () => {
    const style = { ...alpaca, stop: ['### Instruction:', '<|user|>'] };
    expect(cutReply(style, '\n### Response:\nFour.\n\n<|user|>\n### Instruction:\nmore')).toBe('Four.');
  });

  it('keeps a reply without header and stop text, less the white space around it', () => {
    expect(cutReply({ ...plain, header: '' }, '\n cold => not hot ')).toBe('cold => not hot');
  });
});

describe('a template that is not Jinja', () => {
  it('is named in the error', () => {
    expect(() =>
      renderPrompt({ ...plain, prompt: '{{ instruction' }, { instruction: 'a', input: '' }),
    ).toThrow(/^The template `prompt` of the prompt style is not valid Jinja: /);
  });
});
