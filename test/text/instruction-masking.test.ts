import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collate, IGNORED, responseTargets } from '../../src/batch/collate.ts';
import { type InstructionItem, renderPrompt, renderResponse } from '../../src/text/prompt/prompt-style.ts';
import type { PromptStyle } from '../../src/text/prompt/prompt-style-schema.ts';
import { tokenizerFor } from '../../src/text/tokenizer/tokenizer.ts';
import { bookData } from '../book-data.ts';
import { shippedStyle } from '../shipped-style.ts';

const STYLES = ['alpaca', 'alpaca-canonical', 'phi3', 'chatml', 'plain'];
const FRANCE = { instruction: 'Name the capital of France.', input: '', output: 'Paris' };
const tokenizer = await tokenizerFor('gpt2');
const { endOfText } = tokenizer;

/** Inputs and targets of one record as `mask_instruction` has them. */
function masked(style: PromptStyle, item: InstructionItem, maxLength = 1024) {
  const prompt = renderPrompt(style, item);
  const text = tokenizer.encode(prompt + renderResponse(style, item));
  const promptLength = tokenizer.encode(prompt).length;
  const { inputs, targets } = collate([text], {
    padToken: endOfText,
    maxLength,
    promptLengths: [promptLength],
  });
  return { inputs: [...inputs], targets: [...targets], text, promptLength };
}

const counted = (targets: readonly number[]) => targets.filter((target) => target !== IGNORED);

/** The tokens of a record in columns: input above target, and below which targets count. */
function picture(style: PromptStyle, item: InstructionItem, from: 'all' | 'end of the prompt'): string {
  const { inputs, targets, text, promptLength } = masked(style, item);
  const shown = (id: number) => {
    const written = id === endOfText ? '<end>' : tokenizer.decode([id]);
    return written.replaceAll('\n', '\\n').replaceAll(' ', '␣');
  };
  const columns = inputs.map((input, i) => [
    String(i),
    shown(input),
    shown(text[i + 1] ?? endOfText),
    targets[i] === IGNORED ? '-' : 'yes',
  ]);
  const first = from === 'all' ? 0 : promptLength - 2;
  const widths = columns.map((cells) => Math.max(...cells.map(({ length }) => length)));
  const line = (name: string, row: number) =>
    [name.padEnd(8), ...columns.slice(first).map((cells, i) => cells[row]!.padEnd(widths[first + i]!))]
      .join('  ')
      .trimEnd();
  return ['position', 'input', 'target', 'counts'].map(line).join('\n');
}

describe('docs/guides/instruction-masking.md', () => {
  const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/instruction-masking.md'), 'utf8');

  it('shows the tokens of a whole record', () => {
    expect(guide).toContain(picture(shippedStyle('plain'), FRANCE, 'all'));
  });

  it.each(STYLES.filter((name) => name !== 'plain'))(
    'shows where the counted targets of the style %s begin',
    (name) => {
      expect(guide).toContain(picture(shippedStyle(name), FRANCE, 'end of the prompt'));
    },
  );

  it('shows what becomes of a token on the boundary', () => {
    expect(guide).toContain(
      picture(shippedStyle('alpaca-canonical'), { ...FRANCE, output: '"Paris"' }, 'end of the prompt'),
    );
  });
});

describe('instruction masking', () => {
  const items = [
    FRANCE,
    {
      instruction: 'Sort the list.',
      input: 'Zebra, Elephant, Crocodile',
      output: 'Crocodile, Elephant, Zebra',
    },
  ];

  it.each(STYLES)('in the style %s counts the response with its header, and the end', (name) => {
    const style = shippedStyle(name);
    for (const item of items) {
      expect(tokenizer.decode(counted(masked(style, item).targets))).toBe(
        `${renderResponse(style, item)}<|endoftext|>`,
      );
    }
  });

  it.skipIf(bookData === undefined).each(['alpaca', 'phi3', 'chatml', 'plain'])(
    'in the style %s counts exactly that in each of the 1,100 records of the book',
    (name) => {
      const style = shippedStyle(name);
      const path = join(bookData ?? '', 'instruction-data.json');
      const records: InstructionItem[] = JSON.parse(readFileSync(path, 'utf8'));
      const others = records.filter((item) => {
        const response = `${renderResponse(style, item)}<|endoftext|>`;
        return tokenizer.decode(counted(masked(style, item).targets)) !== response;
      });
      expect(others).toEqual([]);
    },
  );

  it('leaves out a token that prompt and response share, as the prompt is counted on its own', () => {
    const { targets } = masked(shippedStyle('alpaca-canonical'), { ...FRANCE, output: '"Paris"' });
    expect(tokenizer.decode(counted(targets))).toBe('Paris"<|endoftext|>');
  });

  it('leaves nothing of a text whose prompt reaches to the cut', () => {
    const { promptLength } = masked(shippedStyle('plain'), FRANCE);
    const leftAt = (maxLength: number) => counted(masked(shippedStyle('plain'), FRANCE, maxLength).targets);
    expect(leftAt(promptLength - 1)).toEqual([]);
    expect(leftAt(promptLength)).toHaveLength(1);
  });

  it('counts a prompt of no or one token as nothing to leave out', () => {
    const targets = (promptLength: number) => [
      ...collate([Int32Array.of(1, 2, 3)], { padToken: 0, maxLength: 9, promptLengths: [promptLength] })
        .targets,
    ];
    expect([0, 1, 2, 3].map(targets)).toEqual([
      [2, 3, 0],
      [2, 3, 0],
      [-100, 3, 0],
      [-100, -100, 0],
    ]);
  });

  it('tells how many targets are left', () => {
    for (const maxLength of [3, 7, 8, 1024]) {
      const { text, promptLength, targets } = masked(shippedStyle('plain'), FRANCE, maxLength);
      expect(responseTargets(text.length, promptLength, maxLength)).toBe(counted(targets).length);
    }
  });
});
