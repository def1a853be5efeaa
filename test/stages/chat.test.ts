import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readGgufHeader } from '../../src/model/files/gguf/gguf-header.ts';
import { readConfig } from '../../src/model/files/model-folder.ts';
import { readModelTokenizer } from '../../src/model/files/tokenizer/model-tokenizer.ts';
import { exportStage } from '../../src/stages/export/export.ts';
import { format } from '../../src/stages/format/format.ts';
import { generate } from '../../src/stages/generate/generate.ts';
import { pretrained } from '../../src/stages/pretrained/pretrained.ts';
import { tokenize } from '../../src/stages/tokenize.ts';
import { readTokens } from '../../src/training/data/token-file.ts';
import { shippedStyle } from '../shipped-style.ts';
import { chatModel, END, TEMPLATE } from './chat-model.ts';
import { freshDirectory, removeDirectories, runStage } from './run-stage.ts';

/* Conversations on their way through the stages, with a model whose tokenizer and template are like SmolLM2's. */

afterEach(removeDirectories);

const TALKS = [
  [
    { role: 'user', content: 'Hot?' },
    { role: 'assistant', content: 'Cold' },
    { role: 'user', content: 'Wet?' },
    { role: 'assistant', content: 'Dry' },
  ],
  [
    { role: 'system', content: 'Short.' },
    { role: 'user', content: 'Up?' },
    { role: 'assistant', content: 'Down' },
  ],
];

async function recordsOf(settings: Record<string, unknown> = {}): Promise<string> {
  const data = join(freshDirectory(), 'talks.json');
  writeFileSync(data, JSON.stringify(TALKS.map((messages) => ({ messages }))));
  const { outputs } = await runStage(format, {
    with: { prompt: shippedStyle('chat'), ...settings },
    inputs: { data },
  });
  return outputs.records!;
}

const textsOf = async (tokens: string, model: string, mask: boolean) => {
  const folder = { file: (name: string) => join(model, name) };
  const there = (name: string) =>
    /^(tokenizer|config|chat)\w*\.(json|jinja)$/.test(name) && name !== 'tokenizer_config.json'
      ? folder.file(name)
      : undefined;
  const { tokenizer } = await readModelTokenizer({ file: there }, await readConfig({ file: there }));
  const { texts, counted } = await readTokens(tokens);
  return texts.map((ids, i) => tokenizer.decode(mask ? ids.filter((_, j) => counted![i]![j] === 1) : ids));
};

describe('conversations for a chat template', () => {
  it.each([
    [{}, ['Cold<|im_end|>Dry<|im_end|>', 'Down<|im_end|>']],
    [{ turns: 'last' }, ['Dry<|im_end|>', 'Down<|im_end|>']],
    [{ turns: 'each' }, ['Cold<|im_end|>', 'Dry<|im_end|>', 'Down<|im_end|>']],
  ])('count what the assistant says, with %j', async (settings, counted) => {
    const [records, model] = [await recordsOf(settings), await chatModel()];
    const { outputs } = await runStage(tokenize, { inputs: { train: records, validation: records, model } });
    expect(await textsOf(outputs.train!, model, true)).toEqual(counted);
    expect((await textsOf(outputs.train!, model, false)).at(-1)).toBe(
      '<|im_start|>system\nShort.<|im_end|>\n<|im_start|>user\nUp?<|im_end|>\n<|im_start|>assistant\nDown<|im_end|>\n',
    );
  });

  it('need a model with a template, and all records of one kind', async () => {
    const records = await recordsOf();
    const plain = await recordsOf({ prompt: shippedStyle('chatml') });
    await expect(runStage(tokenize, { inputs: { train: records, validation: records } })).rejects.toThrow(
      'conversations for the chat template of a model, but no model is given',
    );
    const mixed = join(freshDirectory(), 'mixed.jsonl');
    writeFileSync(mixed, readFileSync(records, 'utf8') + readFileSync(plain, 'utf8'));
    const model = await chatModel();
    await expect(runStage(tokenize, { inputs: { train: mixed, validation: mixed, model } })).rejects.toThrow(
      'Input train: 2 of 4 records are for a chat template, the others are not.',
    );
    writeFileSync(join(model, 'chat_template.jinja'), "{{ raise_exception('Not today') }}");
    await expect(
      runStage(tokenize, { inputs: { train: records, validation: records, model } }),
    ).rejects.toThrow("The model's chat template refuses the conversation: Not today.");
  });

  it('are replied to without the tokens of the template, in the style that they have', async () => {
    const [records, model] = [await recordsOf(), await chatModel()];
    const settings = { prompt: shippedStyle('chat'), max_new_tokens: 4 };
    const { outputs } = await runStage(generate, {
      with: settings,
      inputs: { records, model },
      engine: 'cpu',
    });
    const responses = JSON.parse(readFileSync(outputs.responses!, 'utf8'));
    expect(responses).toHaveLength(2);
    expect(responses[0]).toMatchObject({ instruction: 'Wet?', output: 'Dry' });
    expect(responses[0]).not.toHaveProperty('chat_turns');
    expect(responses[0].model_response).not.toContain('<|im_end|>');
    const other = { ...settings, prompt: shippedStyle('chatml') };
    await expect(
      runStage(generate, { with: other, inputs: { records, model }, engine: 'cpu' }),
    ).rejects.toThrow('Record 0 is for the chat template of a model, but `prompt` says that it is not.');
  });

  it('take their template along: into a folder, and into a GGUF file and out of it', async () => {
    const model = await chatModel();
    const folder = await runStage(exportStage, { with: { format: 'huggingface' }, inputs: { model } });
    expect(readFileSync(join(folder.outputs.model!, 'chat_template.jinja'), 'utf8')).toBe(TEMPLATE);
    const gguf = await runStage(exportStage, { with: { format: 'gguf' }, inputs: { model } });
    const path = join(gguf.outputs.model!, 'model.gguf');
    const { metadata } = await readGgufHeader(path);
    expect(metadata.get('tokenizer.chat_template')?.value).toBe(TEMPLATE);
    expect(metadata.get('tokenizer.ggml.pre')?.value).toBe('smollm');
    // <|im_end|> steers; <left>, <right>, <word>, <plain> and <norm é> are added, and text.
    const types = metadata.get('tokenizer.ggml.token_type')?.value as readonly number[];
    expect(types.slice(0, 4)).toEqual([3, 3, 3, 1]);
    expect(types.slice(700)).toEqual([4, 4, 4, 4, 4]);
    const back = await runStage(pretrained, { with: { source: 'gguf' }, inputs: { gguf: path } });
    const settings = JSON.parse(readFileSync(join(back.outputs.model!, 'tokenizer_config.json'), 'utf8'));
    expect(settings.chat_template).toBe(TEMPLATE);
  });

  it.each([
    ['of Qwen, which brings texts into the form NFC', 'qwen2', ['the form NFC', 'the form NFC']],
    ['of SmolLM2, which keeps texts', 'smollm2', []],
  ] as const)('are told of what a GGUF file does not say: a tokenizer %s', async (_, kind, said) => {
    const model = await chatModel(END.ofTurn, kind);
    const gguf = await runStage(exportStage, { with: { format: 'gguf' }, inputs: { model } });
    const path = join(gguf.outputs.model!, 'model.gguf');
    const back = await runStage(pretrained, { with: { source: 'gguf' }, inputs: { gguf: path } });
    const told = [...gguf.events, ...back.events].flatMap((event) =>
      (event.type === 'warning' || event.type === 'log') && event.message.includes('NFC')
        ? [event.message]
        : [],
    );
    expect(told).toEqual(said.map((words) => expect.stringContaining(words)));
  });
});
