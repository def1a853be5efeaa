import { type StageContext, StageError } from '../../contract/stage-context.ts';
import { engineFor } from '../../engine/engine-fit.ts';
import { loadEngine } from '../../engine/load-engine.ts';
import { parameterCount } from '../../model/families/families.ts';
import type { ModelConfig } from '../../model/families/model-config.ts';
import { saveAdapter } from '../../model/files/adapter-folder.ts';
import { loadModel, readConfig } from '../../model/files/model-folder.ts';
import {
  idsWithoutToken,
  type ModelTokenizer,
  readModelTokenizer,
} from '../../model/files/tokenizer/model-tokenizer.ts';
import { initialLora, loraParameterCount } from '../../model/network/lora.ts';
import { trainingMemoryOf } from '../../training/batch-memory.ts';
import { readTokens, type TokenizedTexts } from '../../training/data/token-file.ts';
import { nextTokens } from '../../training/objective/next-tokens.ts';
import {
  type TrainingData,
  type TrainingOptions,
  updatesInAll,
} from '../../training/state/training-state.ts';
import { checkMemory, lengthsOf } from '../training/check-memory.ts';
import { trainModel } from '../training/train-model.ts';
import { scheduleProblems } from '../training/train-schedule.ts';
import { refuse, trainingOptions } from '../training/training-options.ts';
import { leaveOutUncounted } from './leave-out-uncounted.ts';
import { loraOptions, loraProblem } from './lora-layers.ts';
import type { TrainSettings } from './settings.ts';
import { tellTrained } from './train-lora.ts';

/** The work of the `train` stage: tokens and a model folder in; trained model, history, curve and samples out. */
export async function runTrain(context: StageContext<TrainSettings>): Promise<void> {
  const { settings, inputs, outputs } = context;
  const tokens = {
    train: await readTokens(inputs.train!.path),
    validation: await readTokens(inputs.validation!.path),
  };
  const config = await readConfig(inputs.model!);
  const modelTokenizer = await readModelTokenizer(inputs.model!, config);
  const { tokenizer } = modelTokenizer;
  checkFit(tokens.train, modelTokenizer, config);
  checkFit(tokens.validation, modelTokenizer, config);
  const lora = settings.lora && loraOptions(settings.lora, config);
  refuse(lora && loraProblem(lora, config));
  const options = trainingOptions(settings, config, settings.dropout);
  const data: TrainingData = {
    ...trainingData(tokens, settings, options, context),
    otherEnds: config.eos_token_ids ?? [],
    never: idsWithoutToken(tokenizer, config),
  };
  checkAmounts(data, options);
  // Preflight has checked the schedule, but without the number of updates, which only the texts show.
  refuse(scheduleProblems(settings, updatesInAll(data, options))[0]);
  warnOfCuts(data, options, context);
  const lengths = lengthsOf([...data.train, ...data.validation], options);
  const size = {
    ...(lora && { adapter: loraParameterCount(config, lora) }),
    gradientCheckpointing: settings.gradient_checkpointing,
  };
  checkMemory(
    (textsAtOnce, change) => trainingMemoryOf(config, lengths, { ...size, ...change, textsAtOnce }),
    context,
    { adapters: true },
  );

  const parameters = parameterCount(config);
  const trained = size.adapter ?? parameters;
  const tf = await loadEngine(engineFor(context, parameters));
  context.fact('tensorflow_js', tf.version_core);
  tellTrained(parameters, trained, context);
  const adapter = lora && initialLora(config, lora, settings.seed);
  const model = await loadModel(inputs.model!, adapter);
  const objective = nextTokens(model, data, options);
  await trainModel(context, { model, objective, data, options, tokenizer });
  if (adapter) await saveAdapter(outputs.adapter!, adapter, model.family);
}

type Parts = Readonly<Record<'train' | 'validation', TokenizedTexts>>;

/**
 * The tokens must be those of the model's tokenizer, or of the encoding that it adds tokens to, with the same end of text. A
 * model may have more rows than its tokenizer has tokens.
 */
function checkFit(
  { encoding, vocabulary, vocabularySize, endOfText }: TokenizedTexts,
  { tokenizer, base }: ModelTokenizer,
  config: ModelConfig,
): void {
  const same = encoding === 'model' ? vocabulary === tokenizer.vocabulary : encoding === base;
  if (same && config.vocab_size >= vocabularySize && config.eos_token_id === endOfText) return;
  const made = encoding === 'model' ? 'another model' : `the encoding ${encoding}`;
  const own = tokenizer.encoding === 'model' ? ' and a tokenizer of its own' : '';
  throw new StageError(
    `The tokens are of ${made} (${vocabularySize} tokens, end of text ${endOfText}), but the model has ${config.vocab_size} tokens${own} and ends texts with ${config.eos_token_id}.`,
    {
      hint: 'Give the `tokenize` stage the model as its input `model`: it uses the tokenizer of that model.',
    },
  );
}

function checkAmounts({ train, validation }: TrainingData, { batchSize }: TrainingOptions): void {
  if (train.length < batchSize) {
    throw new StageError(
      `There are ${train.length} texts to train on, fewer than the ${batchSize} of one update.`,
      { hint: 'Lower `batch_size` or `gradient_accumulation`, or give more records.' },
    );
  }
  if (validation.length === 0) {
    throw new StageError('There are no texts to validate on.', {
      hint: 'Leave some records for validation.',
    });
  }
}

/** The texts of which something counts. The samples continue from the first validation text's prompt, as in the book. */
function trainingData(
  { train, validation }: Parts,
  { mask_instruction }: TrainSettings,
  options: TrainingOptions,
  context: StageContext<TrainSettings>,
): TrainingData {
  const { endOfText, promptLengths } = validation;
  const all = {
    train: train.texts,
    validation: validation.texts,
    endOfText,
    ...countedIn({ train, validation }, mask_instruction),
  };
  const data = leaveOutUncounted(all, options, context);
  const [first = new Int32Array()] = data.validation;
  return { ...data, samplePrompt: first.subarray(0, promptLengths[validation.texts.indexOf(first)]) };
}

/** Of conversations each token says whether it counts, because the end of a text may occur within them, too. */
function countedIn(
  { train, validation }: Parts,
  mask: boolean,
): Pick<TrainingData, 'promptLengths' | 'counted'> {
  const own = { train: train.counted, validation: validation.counted };
  if (own.train && own.validation) {
    const all = (texts: readonly Int32Array[]) => texts.map(({ length }) => new Int32Array(length).fill(1));
    const counted = { train: own.train, validation: own.validation };
    return { counted: mask ? counted : { train: all(counted.train), validation: all(counted.validation) } };
  }
  const promptLengths = { train: train.promptLengths, validation: validation.promptLengths };
  return mask ? { promptLengths } : {};
}

function warnOfCuts(
  data: TrainingData,
  { maxLength }: TrainingOptions,
  context: StageContext<TrainSettings>,
): void {
  const texts = [...data.train, ...data.validation];
  const cut = texts.filter(({ length }) => length > maxLength).length;
  if (cut > 0) {
    context.warnOfResult(
      `${cut} of ${texts.length} texts are cut at ${maxLength} tokens.`,
      'Their ends are not trained on: raise `max_length` if the model has more positions, or shorten the records.',
    );
  }
}
