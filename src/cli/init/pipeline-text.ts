import type { DataLook } from '../../stages/format/look-at-data.ts';
import type { ChosenModel } from './chosen-model.ts';

/** What a first pipeline is about. Paths are relative to its file. */
export interface FirstPipeline {
  readonly name: string;
  readonly schema: string;
  readonly data: string;
  readonly encoding?: string;
  readonly look: DataLook;
  readonly model: ChosenModel;
}

/** Fewer records cannot be cut into parts that each hold some. */
export const FEWEST_RECORDS = 4;
/** From here on shares of all records give every part some. */
const ENOUGH_FOR_SHARES = 40;
/** Texts that a tiny model learns from in about a minute. */
const TINY_TEXTS = 20_000;

/** The text of a pipeline that trains a model on data, and judges it before and after. */
export function pipelineText(pipeline: FirstPipeline): string {
  const { name, schema, data, look, model } = pipeline;
  const tiny = model.kind === 'tiny';
  const sizes = sizesFor(look);
  const prompt = look.areConversations ? conversationStyle(model) : tiny ? 'plain' : 'alpaca';
  const epochs = tiny ? Math.max(1, Math.min(30, Math.round(TINY_TEXTS / sizes.trained))) : 2;
  const generated = tiny ? Math.min(256, Math.max(16, look.longest)) : 256;
  return `# yaml-language-server: $schema=${schema}
# ${about(pipeline)}
schema: 1
name: ${scalar(name)}
params:
  learning_rate: ${tiny ? '4.0e-3' : '5.0e-5'}
  epochs: ${epochs}
stages:
  format:
    uses: format
    inputs: { data: { file: ${scalar(data)} } }
    with:
      prompt: ${prompt}${formatLines(pipeline)}
  split:
    uses: split
    inputs: { records: format.records }
    with: { train: ${sizes.train}, test: ${sizes.test}, order: shuffled }
  tokenize:
    uses: tokenize
    inputs: { train: split.train, validation: split.validation${isOwn(model) ? ', model: pretrained.model' : ''} }${tiny ? '\n    with: { encoding: bytes }' : ''}
${pretrainedStage(model, look)}
  train:
    uses: train
    inputs: { train: tokenize.train, validation: tokenize.validation, model: pretrained.model }
    with:
      learning_rate: "\${params.learning_rate}"
      epochs: "\${params.epochs}"
      batch_size: ${Math.min(8, sizes.trained)}
      eval_every: 50
  generate:
    uses: generate
    inputs: { records: split.test, model: train.model }
    with: { prompt: ${prompt}, max_new_tokens: ${generated} }
  judge:
    uses: judge
    inputs: { responses: generate.responses }
    with: { judge: reference } # compares with your answers; \`llama3\` asks Llama 3 through Ollama
  generate-untrained:
    uses: generate
    inputs: { records: split.test, model: pretrained.model }
    with: { prompt: ${prompt}, max_new_tokens: ${generated} }
  judge-untrained:
    uses: judge
    inputs: { responses: generate-untrained.responses }
    with: { judge: reference }
  report:
    uses: report
    inputs:
      responses: generate.responses
      scores: judge.scores
      summary: judge.summary
      history: train.history
      baseline_responses: generate-untrained.responses
      baseline_scores: judge-untrained.scores
      baseline_summary: judge-untrained.summary
    with: { title: ${scalar(name)}, parameters: "\${params}" }
`;
}

function about({ look: { records, more, form }, model }: FirstPipeline): string {
  const count = `${more ? 'more than ' : ''}${records.toLocaleString('en')}`;
  const learner = model.kind === 'tiny' ? 'a tiny model with random weights' : 'the model';
  return `From ${count} questions and answers (${form}), ${learner} learns to answer, and is judged before and after.`;
}

/** Whether its tokenizer is not known to be GPT-2's, so that it has to make the tokens. */
function isOwn({ kind }: ChosenModel): boolean {
  return kind !== 'tiny' && kind !== 'published';
}

/** With the model's own chat template, where it has one for certain. */
function conversationStyle(model: ChosenModel): string {
  return model.kind === 'named' || (model.kind === 'gguf' && model.look.chats) ? 'chat' : 'chatml';
}

function formatLines({ encoding, look: { fields } }: FirstPipeline): string {
  const lines = [
    fields && literal(fields),
    encoding === undefined ? undefined : `encoding: ${scalar(encoding)}`,
  ];
  return lines.flatMap((line) => (line === undefined ? [] : [`\n      ${line}`])).join('');
}

function pretrainedStage(model: ChosenModel, look: DataLook): string {
  const stage = '  pretrained:\n    uses: pretrained';
  switch (model.kind) {
    case 'tiny':
      return `${stage}\n    with: { source: random, model: ${tinyModel(look)}, seed: 1 }`;
    case 'published':
      return `${stage}\n    with: { source: openai, model: ${model.name} }`;
    case 'named':
      return `${stage}\n    with: { source: huggingface, model: ${model.name}, tie_word_embeddings: true }`;
    case 'gguf':
      return `${stage}\n    inputs: { gguf: { file: ${scalar(model.path)} } }\n    with: { source: gguf${model.look.isTied ? ', tie_word_embeddings: true' : ''} }`;
    case 'folder':
      return `${stage}\n    inputs: { folder: { file: ${scalar(model.path)} } }\n    with: { source: huggingface }`;
    case 'repository':
      return `${stage}\n    with: { source: huggingface, model: { huggingface: ${scalar(model.name)} } }`;
  }
}

/** Texts that the context cannot hold are cut: one byte is one token here. */
function tinyModel({ longest }: DataLook): string {
  const positions = [256, 512, 1024].find((size) => longest + 64 <= size) ?? 1024;
  return positions === 256 ? 'nano' : `{ use: nano, n_positions: ${positions} }`;
}

/** Every part gets a record at least. */
function sizesFor({ records }: DataLook): { train: number; test: number; trained: number } {
  if (records >= ENOUGH_FOR_SHARES) return { train: 0.85, test: 0.1, trained: Math.floor(records * 0.85) };
  const part = Math.max(1, Math.floor(records / 8));
  return { train: records - 2 * part, test: part, trained: records - 2 * part };
}

/** A text that stands for itself, where `${` would begin a template. */
function literal(text: string): string {
  return text.replaceAll('${', () => '$${');
}

/** A text as YAML's plain or quoted scalar. JSON's quotes are YAML's, but pipelines hold no control characters. */
function scalar(text: string): string {
  return /^(?:\.{1,2}\/)?[A-Za-z][\w./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off)$/i.test(text)
    ? text
    : JSON.stringify(literal(text)).replaceAll(
        /[\u007f-\u009f\u2028\u2029\ufeff]/g,
        (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
}
