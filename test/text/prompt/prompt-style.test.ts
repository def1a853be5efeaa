import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cutReply,
  type InstructionItem,
  isStopped,
  renderPrompt,
  renderResponse,
} from '../../../src/text/prompt/prompt-style.ts';
import type { PromptStyle } from '../../../src/text/prompt/prompt-style-schema.ts';
import { bookData } from '../../book-data.ts';
import { shippedStyle } from '../../shipped-style.ts';

const alpaca = shippedStyle('alpaca');
const plain = shippedStyle('plain');
const canonical = shippedStyle('alpaca-canonical');
const phi3 = shippedStyle('phi3');
const chatml = shippedStyle('chatml');
const chat = shippedStyle('chat');
const styles = { alpaca, plain, 'alpaca-canonical': canonical, phi3, chatml, chat };
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

describe('the alpaca-canonical style', () => {
  // PROMPT_DICT and SupervisedDataset in https://github.com/tatsu-lab/stanford_alpaca/blob/main/train.py: the answer
  // follows the colon at once.
  it('gives the text of Stanford for a record with an input', () => {
    const item = { instruction: 'Add the numbers.', input: '1, 2', output: '3' };
    const source =
      'Below is an instruction that describes a task, paired with an input that provides further context. ' +
      'Write a response that appropriately completes the request.\n\n' +
      '### Instruction:\nAdd the numbers.\n\n### Input:\n1, 2\n\n### Response:';
    expect(renderPrompt(canonical, item)).toBe(source);
    expect(text(canonical, item)).toBe(`${source}3`);
  });

  it('gives the text of Stanford for a record without one', () => {
    expect(renderPrompt(canonical, { instruction: 'Name a colour.', input: '' })).toBe(
      'Below is an instruction that describes a task. ' +
        'Write a response that appropriately completes the request.\n\n' +
        '### Instruction:\nName a colour.\n\n### Response:',
    );
  });
});

describe('the phi3 style', () => {
  // format_input_phi and InstructionDatasetPhi in ch07/01_main-chapter-code/exercise_experiments.py of
  // https://github.com/rasbt/LLMs-from-scratch.
  it('gives the text of exercise 7.1 of the book', () => {
    const item = { instruction: 'Add the numbers.', input: '1, 2', output: '3' };
    expect(renderPrompt(phi3, item)).toBe('<|user|>\nAdd the numbers.\n1, 2');
    expect(text(phi3, item)).toBe('<|user|>\nAdd the numbers.\n1, 2\n<|assistant|>:\n3');
    expect(text(phi3, { ...item, input: '' })).toBe('<|user|>\nAdd the numbers.\n<|assistant|>:\n3');
  });

  it('cuts a reply as the exercise does', () => {
    expect(cutReply(phi3, '\n<|assistant|>:\n3\n')).toBe('3');
  });
});

describe('the chatml style', () => {
  // The example of https://huggingface.co/docs/transformers/chat_templating, its first exchange.
  const item = { instruction: 'Hi there!', input: '', output: 'Nice to meet you!' };

  it('gives the text of a chat template, and a prompt that asks for the answer', () => {
    const prompt = '<|im_start|>user\nHi there!<|im_end|>\n<|im_start|>assistant\n';
    expect(renderPrompt(chatml, item)).toBe(prompt);
    expect(text(chatml, item)).toBe(`${prompt}Nice to meet you!<|im_end|>\n`);
  });

  it('gives the whole conversation before the answer', () => {
    const history = [
      { role: 'user', content: 'Hi there!' },
      { role: 'assistant', content: 'Nice to\nmeet you!' },
    ] as const;
    const asked = { instruction: 'Can I ask a question?', input: '', system: 'Be brief.', history };
    expect(renderPrompt(chatml, asked)).toBe(
      [
        '<|im_start|>system\nBe brief.<|im_end|>',
        '<|im_start|>user\nHi there!<|im_end|>',
        '<|im_start|>assistant\nNice to\nmeet you!<|im_end|>',
        '<|im_start|>user\nCan I ask a question?<|im_end|>',
        '<|im_start|>assistant\n',
      ].join('\n'),
    );
  });

  it('puts the input on a line of its own', () => {
    expect(renderPrompt(chatml, { instruction: 'Add.', input: '1, 2' })).toContain(
      'user\nAdd.\n1, 2<|im_end|>',
    );
  });

  it('ends a reply where the turn ends', () => {
    expect(cutReply(chatml, 'Nice!<|im_end|>\n<|im_start|>user\nAnd you?')).toBe('Nice!');
  });
});

describe('every shipped style', () => {
  it('is tested here', () => {
    const files = readdirSync(join(import.meta.dirname, '../../../configs/prompts'));
    expect(files.map((file) => file.replace('.yaml', '')).sort()).toEqual(Object.keys(styles).sort());
  });

  const item = fc.record({
    instruction: fc.string({ minLength: 1 }),
    input: fc.string(),
    output: fc.string(),
  });

  it.each(Object.entries(styles))(
    '%s: the reply cut from the response of a record is its output',
    (_, style) => {
      fc.assert(
        fc.property(item, (item) => {
          const marks = [style.header, ...style.stop].filter((mark) => mark !== '');
          fc.pre(!marks.some((mark) => item.output.includes(mark)));
          expect(cutReply(style, renderResponse(style, item))).toBe(item.output.trim());
        }),
      );
    },
  );

  it.each(Object.entries(styles))('%s: text of a record is never taken for a template', (_, style) => {
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

describe('a reply that is being written', () => {
  const styleWith = (...stop: string[]): PromptStyle => ({ ...alpaca, stop });

  it('is stopped when a stop text is complete', () => {
    expect(isStopped(styleWith('<end>'), 'Yes.<en')).toBe(false);
    expect(isStopped(styleWith('<end>'), 'Yes.<end>')).toBe(true);
    expect(isStopped(styleWith(), 'Yes.<end>')).toBe(false);
  });

  it('is not stopped while another stop text may begin before the one that is seen', () => {
    const style = styleWith('b', 'abcd');
    expect(isStopped(style, 'xab')).toBe(false);
    expect(cutReply(style, 'xab')).toBe('xa');
    expect(cutReply(style, 'xabcd')).toBe('x');
  });

  it('is cut the same, once it is stopped, whatever bytes follow', () => {
    const stop = fc.array(
      fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀'), minLength: 1, maxLength: 4 }),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    const reply = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'é', '😀'), maxLength: 24 });
    fc.assert(
      fc.property(stop, reply, (stop, reply) => {
        const style = styleWith(...stop);
        const bytes = Buffer.from(reply);
        const soFar = Array.from(bytes, (_, i) => bytes.subarray(0, i + 1).toString());
        const stopped = soFar.find((text) => isStopped(style, text));
        if (stopped !== undefined) expect(cutReply(style, stopped)).toBe(cutReply(style, reply));
      }),
      { numRuns: 1000 },
    );
  });
});
