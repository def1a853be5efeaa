import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { dpo } from '../../../src/stages/dpo/dpo.ts';
import { format } from '../../../src/stages/format/format.ts';
import { parseHistory } from '../../../src/training/state/history.ts';
import { shippedStyle } from '../../shipped-style.ts';
import { chatModel, END, OWN_SYSTEM } from '../chat-model.ts';
import { writeRecords } from '../preference-pairs.ts';
import { freshDirectory, removeDirectories, runStage } from '../run-stage.ts';

/* Preference pairs that are conversations, which the model's own chat template writes. */

afterEach(removeDirectories);

const OPPOSITES = [
  ['hot', 'cold'],
  ['big', 'small'],
  ['old', 'new'],
  ['wet', 'dry'],
  ['up', 'down'],
  ['in', 'out'],
] as const;
const user = (content: string) => ({ role: 'user', content });
const assistant = (content: string) => ({ role: 'assistant', content });
/** Every second one has a system message and an earlier turn. */
const before = (i: number) =>
  i % 2 === 0 ? [] : [{ role: 'system', content: 'One word.' }, user('Hello'), assistant('Hi')];
const PAIRS = OPPOSITES.map(([word, opposite], i) => ({
  chosen: [...before(i), user(`Opposite of ${word}?`), assistant(opposite)],
  rejected: [...before(i), user(`Opposite of ${word}?`), assistant(`Not ${word}!`)],
}));
const SETTINGS = { learning_rate: 0.03, batch_size: 2, epochs: 3, max_length: 200, sample_tokens: 5 };

async function conversationPairs(): Promise<string> {
  const data = join(freshDirectory(), 'pairs.json');
  writeFileSync(data, JSON.stringify(PAIRS));
  const { outputs } = await runStage(format, { with: { prompt: shippedStyle('chat') }, inputs: { data } });
  return outputs.records!;
}

/** The same pairs as ChatML writes them, as ordinary records. `end`: what it writes after a reply, as far as that is to be learnt. */
function writtenPairs(end: string): string {
  const turn = ({ role, content }: { role: string; content: string }) =>
    `<|im_start|>${role}\n${content}<|im_end|>\n`;
  const records = PAIRS.map(({ chosen, rejected }, id) => ({
    ...{ id, instruction: '', input: '', output: '' },
    prompt: `${[...(id % 2 === 0 ? [OWN_SYSTEM] : []), ...chosen.slice(0, -1)].map(turn).join('')}<|im_start|>assistant\n`,
    response: `${chosen.at(-1)!.content}${end}`,
    rejected: `${rejected.at(-1)!.content}${end}`,
  }));
  return writeRecords(join(freshDirectory(), 'written.jsonl'), records);
}

describe('dpo on conversations', () => {
  it.each([
    ['the end of a turn, which is the end of its texts', END.ofTurn, ''],
    ['the end of a turn, and then its end of text', END.ofText, '<|im_end|>'],
  ])('compares what the chat template writes, up to %s', async (_, eos, end) => {
    const model = await chatModel(eos);
    const run = async (pairs: string) =>
      await runStage(dpo, {
        with: SETTINGS,
        inputs: { train: pairs, validation: pairs, model },
        engine: 'wasm',
      });
    const chat = await run(await conversationPairs());
    const written = await run(writtenPairs(end));
    expect(chat.digests).toEqual(written.digests);
    const history = parseHistory(readFileSync(chat.outputs.history!, 'utf8'));
    expect(history.at(-1)!.measures!.train_reward_margin).toBeGreaterThan(0.1);
    const [sample] = JSON.parse(readFileSync(chat.outputs.samples!, 'utf8'));
    expect(sample.prompt).toContain('Opposite of hot?');
  });

  it('says which pair does not fit, and which has no other answer', async () => {
    const model = await chatModel();
    const pairs = await conversationPairs();
    const run = (train: string, settings: object = {}) =>
      runStage(dpo, {
        with: { ...SETTINGS, ...settings },
        inputs: { train, validation: pairs, model },
        engine: 'wasm',
      });
    const [first, ...rest] = readFileSync(pairs, 'utf8').split('\n');
    const { rejected: _, ...alone } = JSON.parse(first!);
    const broken = join(freshDirectory(), 'broken.jsonl');
    writeFileSync(broken, [JSON.stringify(alone), ...rest].join('\n'));
    await expect(run(broken)).rejects.toThrow('Input train: record 0 has no rejected response.');
    await expect(run(pairs, { max_length: 20 })).rejects.toThrow('6 of 6 train pairs are left out');
  });
});
