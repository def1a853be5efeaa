import { writeFile } from 'node:fs/promises';
import type { StageContext } from '../../contract/stage-context.ts';
import { StageError } from '../../contract/stage-context.ts';
import { engineFor } from '../../engine/engine-fit.ts';
import { loadEngine } from '../../engine/load-engine.ts';
import { FinishedItems } from '../../files/journal.ts';
import { parameterCount } from '../../model/families/families.ts';
import type { ModelConfig } from '../../model/families/model-config.ts';
import { loadModel, readConfig } from '../../model/files/model-folder.ts';
import { readChat } from '../../model/files/tokenizer/chat-template-file.ts';
import { idsWithoutToken, readModelTokenizer } from '../../model/files/tokenizer/model-tokenizer.ts';
import { generate } from '../../model/generation/generate.ts';
import { endOfTurn } from '../../text/chat/conversation-tokens.ts';
import { promptTokens } from '../../text/chat/record-tokens.ts';
import { cutReply, isStopped } from '../../text/prompt/prompt-style.ts';
import { type InstructionRecord, readRecords } from '../../text/records.ts';
import type { Response } from '../../text/responses.ts';
import { type Tokenizer, wholeText } from '../../text/tokenizer/tokenizer.ts';
import type { GenerateSettings } from './settings.ts';
import { tokenChoice } from './token-choice.ts';

/** One record on its way to a reply. */
interface Prompt {
  /** Place of the reply among all: the samples of a record are next to each other. */
  readonly index: number;
  /** Place of the record in the file. */
  readonly record: number;
  readonly sample: number;
  readonly prompt: Int32Array;
}

/** What the model said to one record, uncut. */
interface Reply {
  /** Place of the reply among all. */
  readonly index: number;
  readonly text: string;
}

/** The work of the `generate` stage: records and a model folder in, the book's JSON array of responses out. */
export async function runGenerate(context: StageContext<GenerateSettings>): Promise<void> {
  const { settings, inputs, outputs } = context;
  const records = await readRecords(inputs.records!.path);
  const config = await readConfig(inputs.model!);
  const engine = engineFor(context, parameterCount(config));
  checkEndOfText(settings, config);
  const own = await readModelTokenizer(inputs.model!, config);
  const { tokenizer } = own;
  checkStyle(settings, records);
  const chat = settings.prompt.chat_template === 'model' ? await readChat(inputs.model!, own) : undefined;
  const prompts = records.map((record) =>
    chat === undefined ? wholeText(tokenizer, record.prompt) : promptTokens(chat, record),
  );
  const turnEnd = chat && endOfTurn(chat);
  const { samples } = settings;
  const tasks = prompts.flatMap((prompt, record) =>
    Array.from(
      { length: samples },
      (_, sample): Prompt => ({ index: record * samples + sample, record, sample, prompt }),
    ),
  );
  const cut = prompts.filter(({ length }) => length > config.n_positions).length;
  if (cut > 0)
    context.warnOfResult(
      `Prompts with more than the model's ${config.n_positions} tokens: ${cut}. It sees their ends.`,
    );

  const replies = await FinishedItems.open<Reply>(context, 'generate');
  try {
    const unfinished = promptBatches(tasks, settings.batch_size).filter((batch) =>
      batch.some(({ index }) => !replies.items.has(index)),
    );
    if (unfinished.length > 0) {
      const tf = await loadEngine(engine);
      context.fact('tensorflow_js', tf.version_core);
      await reply(context, config, unfinished, replies, tasks.length, tokenizer, turnEnd);
    }
    const responses = tasks.map(({ index, record, sample }) => ({
      ...response(records[record]!, cutReply(settings.prompt, replies.items.get(index)!.text)),
      ...(samples > 1 && { sample }),
    }));
    await writeFile(outputs.responses!, JSON.stringify(responses, null, 4));
    tellEmpty(responses, context);
  } finally {
    await replies.close();
  }
}

/**
 * Prompts of like length together, so that little is padded. The batches depend on the records alone, not on
 * what is finished: a resumed generation makes the same ones, and so the same bytes.
 */
function promptBatches(tasks: readonly Prompt[], batchSize: number): Prompt[][] {
  const sorted = [...tasks].sort((a, b) => a.prompt.length - b.prompt.length || a.index - b.index);
  const batches: Prompt[][] = [];
  for (let i = 0; i < sorted.length; i += batchSize) batches.push(sorted.slice(i, i + batchSize));
  return batches;
}

async function reply(
  context: StageContext<GenerateSettings>,
  config: ModelConfig,
  batches: readonly (readonly Prompt[])[],
  replies: FinishedItems<Reply>,
  total: number,
  tokenizer: Tokenizer,
  turnEnd: number | undefined,
): Promise<void> {
  const { settings, inputs, signal } = context;
  const model = await loadModel(inputs.model!);
  model.turn();
  const decode = (ids: readonly number[]) => tokenizer.decode(ids);
  const never = idsWithoutToken(tokenizer, config).filter((id) => id !== settings.eos);
  const ends = turnEnd === undefined ? [] : [turnEnd];
  const rate = new Rate();
  const onProgress = (tokens: number) => {
    const perSecond = rate.after(tokens);
    if (perSecond === undefined) return;
    const metrics = { tokens_per_second: Number(perSecond.toPrecision(3)) };
    context.progress({ done: replies.items.size, total, unit: 'replies', metrics });
  };
  for (const batch of batches) {
    const prompts = batch.map(({ prompt }) => prompt);
    const choices = batch.map(({ record, sample }) => tokenChoice(settings, record, sample));
    const texts = await generate(model, prompts, {
      maxNewTokens: settings.max_new_tokens,
      endOfText: settings.eos ?? config.eos_token_id,
      otherEnds: settings.eos === undefined ? [...(config.eos_token_ids ?? []), ...ends] : [],
      never,
      ...(choices[0] && { choose: (scores, prompt, text) => choices[prompt]!(scores, text) }),
      isComplete: (tokens) => isStopped(settings.prompt, decode(tokens)),
      signal,
      onProgress,
    });
    await replies.add(batch.map(({ index }, i) => ({ index, text: decode(texts[i]!) })));
    context.progress({ done: replies.items.size, total, unit: 'replies' });
  }
  context.metric('tokens_per_second', rate.overall());
  model.dispose();
}

/** Tokens a second since the start, told twice a second at most. */
class Rate {
  #tokens = 0;
  #told = performance.now();
  readonly #start = performance.now();

  after(tokens: number): number | undefined {
    this.#tokens += tokens;
    const now = performance.now();
    if (now - this.#told < 500) return undefined;
    this.#told = now;
    return this.overall();
  }

  overall(): number {
    return (1000 * this.#tokens) / (performance.now() - this.#start);
  }
}

/** What a record has besides its rendered texts goes along, for prompts of judges. */
function response(record: InstructionRecord, model_response: string): Response {
  const {
    id: _,
    instruction,
    input,
    output,
    prompt: __,
    response: ___,
    rejected: ____,
    chat_turns: _____,
    ...more
  } = record;
  return { instruction, input, ...(output !== undefined && { output }), model_response, ...more };
}

/** A model that says nothing has usually learnt to end at once, or its prompts are not those that it was trained on. */
function tellEmpty(responses: readonly Response[], { warnOfResult }: StageContext<GenerateSettings>): void {
  const empty = responses.filter(({ model_response }) => model_response === '').length;
  if (empty === 0) return;
  const share = ((100 * empty) / responses.length).toPrecision(2);
  warnOfResult(
    empty === responses.length
      ? `all ${empty} replies are empty`
      : `${empty} of ${responses.length} replies ${empty === 1 ? 'is' : 'are'} empty (${Number(share)} %)`,
    'Was the model trained on empty outputs, or in another prompt style? Does a stop text begin each reply?',
  );
}

/** Conversations are written by the model's template, or by nobody. */
function checkStyle({ prompt: style }: GenerateSettings, records: readonly InstructionRecord[]): void {
  const isChat = style.chat_template === 'model';
  const other = records.find(({ chat_turns }) => (chat_turns !== undefined) !== isChat);
  if (other === undefined) return;
  throw new StageError(
    `Record ${other.id} is ${isChat ? 'not ' : ''}for the chat template of a model, but \`prompt\` says that it is${isChat ? '' : ' not'}.`,
    { hint: 'Give `format` and `generate` the same prompt style.' },
  );
}

function checkEndOfText({ eos }: GenerateSettings, { vocab_size }: ModelConfig): void {
  if (eos === undefined || eos < vocab_size) return;
  throw new StageError(`eos is ${eos}, but the model has ${vocab_size} tokens.`);
}
