import { responseTargets } from '../../batch/collate.ts';
import { type StageContext, StageError } from '../../contract/stage-context.ts';
import { engineFor } from '../../engine/engine-fit.ts';
import { loadEngine } from '../../engine/load-engine.ts';
import { parameterCount } from '../../model/families/families.ts';
import { loadModel, readConfig } from '../../model/files/model-folder.ts';
import { readChat } from '../../model/files/tokenizer/chat-template-file.ts';
import { idsWithoutToken, readModelTokenizer } from '../../model/files/tokenizer/model-tokenizer.ts';
import type { Chat } from '../../text/chat/conversation-tokens.ts';
import { recordTokens } from '../../text/chat/record-tokens.ts';
import { type InstructionRecord, readRecords } from '../../text/records.ts';
import { type Tokenizer, wholeText } from '../../text/tokenizer/tokenizer.ts';
import { trainingMemoryOf } from '../../training/batch-memory.ts';
import type { PreferencePair } from '../../training/objective/pair-log-probabilities.ts';
import { preferences } from '../../training/objective/preferences.ts';
import { updatesInAll } from '../../training/state/training-state.ts';
import { checkMemory, lengthsOf } from '../training/check-memory.ts';
import { trainModel } from '../training/train-model.ts';
import { scheduleProblems } from '../training/train-schedule.ts';
import { refuse, trainingOptions } from '../training/training-options.ts';
import { referenceOf } from './reference-log-probabilities.ts';
import type { DpoSettings } from './settings.ts';

/** The work of the `dpo` stage: preference pairs and a model folder in; trained model, history, curve and samples out. */
export async function runDpo(context: StageContext<DpoSettings>): Promise<void> {
  const { settings, inputs } = context;
  const config = await readConfig(inputs.model!);
  const own = await readModelTokenizer(inputs.model!, config);
  const { tokenizer } = own;
  const pairer = { tokenizer, chat: () => readChat(inputs.model!, own) };
  const options = trainingOptions(settings, config, 0);
  const pairs = {
    train: await readPairs('train', pairer, options.maxLength, context),
    validation: await readPairs('validation', pairer, options.maxLength, context),
  };
  if (pairs.train.length < options.batchSize) {
    throw new StageError(
      `There are ${pairs.train.length} pairs to train on, fewer than the ${options.batchSize} of one update.`,
      { hint: 'Lower `batch_size` or `gradient_accumulation`, or give more pairs.' },
    );
  }
  const { endOfText } = tokenizer;
  const [first] = pairs.validation;
  const data = {
    ...pairs,
    endOfText,
    samplePrompt: first!.chosen.subarray(0, first!.promptLength),
    otherEnds: config.eos_token_ids ?? [],
    never: idsWithoutToken(tokenizer, config),
  };
  // Preflight has checked the schedule, but without the number of updates, which only the pairs show.
  refuse(scheduleProblems(settings, updatesInAll(data, options))[0]);
  const texts = [...pairs.train, ...pairs.validation].flatMap(({ chosen, rejected }) => [chosen, rejected]);
  const lengths = lengthsOf(texts, options);
  checkMemory(
    (pairsAtOnce, change) =>
      trainingMemoryOf(config, lengths, {
        textsAtOnce: 2 * pairsAtOnce,
        gradientCheckpointing: settings.gradient_checkpointing,
        ...change,
      }),
    context,
    { adapters: false },
  );

  const parameters = parameterCount(config);
  const tf = await loadEngine(engineFor(context, parameters));
  context.fact('tensorflow_js', tf.version_core);
  context.fact('parameters', parameters);
  const model = await loadModel(inputs.model!);
  const pairOptions = {
    beta: settings.beta,
    keeps: options.keeps,
    averageLogProbabilities: settings.average_log_probabilities,
    rowsAtOnce: options.rowsAtOnce,
    maxLength: options.maxLength,
    endOfText,
  };
  const reference = await referenceOf(model, pairs, pairOptions, context);
  const objective = preferences(model, pairs, reference, pairOptions);
  const reported = ['train_reward_margin', 'validation_reward_margin'];
  await trainModel(context, { model, objective, data, options, tokenizer, reported });
}

/** What makes tokens of pairs; the second one where they are conversations. */
interface Pairer {
  readonly tokenizer: Tokenizer;
  readonly chat: () => Promise<Chat>;
}

/** Reads preference pairs; those of which nothing is left to compare before the cut are left out, with a warning. */
async function readPairs(
  part: 'train' | 'validation',
  { tokenizer, chat }: Pairer,
  maxLength: number,
  { inputs, warnOfResult }: StageContext<DpoSettings>,
): Promise<PreferencePair[]> {
  const records = await readRecords(inputs[part]!.path);
  const conversations = records.some(({ chat_turns }) => chat_turns !== undefined) ? await chat() : undefined;
  const all = records.map((record) =>
    record.chat_turns === undefined || conversations === undefined
      ? pairOf(part, record, tokenizer)
      : chatPairOf(part, record, conversations),
  );
  const counts = ({ chosen, rejected, promptLength }: PreferencePair) =>
    [chosen, rejected].every(({ length }) => responseTargets(length, promptLength, maxLength) > 0);
  const kept = all.filter(counts);
  const first = records[all.findIndex((pair) => !counts(pair))]?.id;
  const message = `${all.length - kept.length} of ${all.length} ${part} pairs are left out, because their prompts reach beyond ${maxLength} tokens: the first is record ${first}.`;
  const hint = 'Raise `max_length` if the model has more positions, or shorten the records.';
  if (all.length === 0) throw new StageError(`There are no ${part} pairs.`);
  if (kept.length === 0) throw new StageError(message, { hint });
  if (kept.length < all.length) warnOfResult(message, hint);
  return kept;
}

function pairOf(part: string, record: InstructionRecord, tokenizer: Tokenizer): PreferencePair {
  const { prompt, response } = record;
  const rejected = rejectedOf(part, record);
  return {
    chosen: wholeText(tokenizer, prompt + response),
    rejected: wholeText(tokenizer, prompt + rejected),
    promptLength: wholeText(tokenizer, prompt).length,
  };
}

/** Both texts end with the assistant's turn: what a template writes after it is no part of a response. */
function chatPairOf(part: string, record: InstructionRecord, chat: Chat): PreferencePair {
  const tokensOf = (response: string) => {
    const { ids, counted, promptLength } = recordTokens(chat, { ...record, chat_turns: 'last' }, response);
    const end = counted.lastIndexOf(1) + 1;
    const ownEnd = ids[end - 1] === chat.tokenizer.endOfText ? end - 1 : end;
    return { ids: ids.subarray(0, ownEnd), promptLength };
  };
  const rejected = tokensOf(rejectedOf(part, record));
  const chosen = tokensOf(record.response ?? '');
  return { chosen: chosen.ids, rejected: rejected.ids, promptLength: chosen.promptLength };
}

function rejectedOf(part: string, { id, rejected }: InstructionRecord): string {
  if (rejected !== undefined) return rejected;
  throw new StageError(`Input ${part}: record ${id} has no rejected response.`, {
    hint: 'Format data whose items have `chosen` and `rejected`.',
  });
}
