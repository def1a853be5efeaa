import { defineStage, type Problem } from '../../contract/stage-type.ts';
import { completePiece, type PretrainedSettings, pretrainedSettings } from './settings.ts';

export const pretrained = defineStage({
  uses: 'pretrained',
  // 2: a model has its own tokenizer, whose files are its folder's.
  version: ({ source }) => (source === 'huggingface' ? 2 : 1),
  summary: 'Brings a model into a model folder: published weights, or random ones of a GPT-2.',
  example: `
model:
  uses: pretrained
  with: { source: openai, model: gpt2-medium }
`,
  settings: pretrainedSettings,
  inputs: {
    folder: {
      artifact: 'directory',
      optional: true,
      description: 'Files that are here already, in the form of the source; nothing is downloaded then.',
    },
    gguf: {
      artifact: 'file',
      optional: true,
      description: 'With `source: gguf`: the file, where it is here already.',
    },
  },
  outputs: () => ({
    model: {
      artifact: 'directory',
      path: 'model',
      description: 'The model, a Hugging Face folder that `transformers` loads.',
    },
  }),
  diskBytes(settings, inputBytes) {
    const download = isDownloaded(settings, Object.keys(inputBytes)) ? modelBytes(settings) : 0;
    return download + (modelBytes(settings) || (inputBytes.folder ?? inputBytes.gguf ?? 0));
  },
  downloadBytes: (settings, inputs) =>
    isDownloaded(settings, inputs) ? modelBytes(settings) || 'unknown' : 0,
  async preflight(settings, context): Promise<readonly Problem[]> {
    const { pretrainedProblems } = await import('./preflight.ts');
    return pretrainedProblems(settings, Object.keys(context.inputBytes), context);
  },
  fetchesUnpinned: (settings, inputs) => isDownloaded(settings, inputs) && settings.sha256 === undefined,
  pins(_, { facts }) {
    const { downloaded }: { readonly downloaded?: Readonly<Record<string, string>> } = Object(facts);
    return downloaded === undefined ? [] : [{ under: [], sha256: downloaded }];
  },
  async run(context) {
    const { runPretrained } = await import('./run-pretrained.ts');
    await runPretrained(context);
  },
});

/** `inputs`: names of those given, each of which has the files. */
function isDownloaded({ source }: PretrainedSettings, inputs: readonly string[]): boolean {
  return source !== 'random' && inputs.length === 0;
}

/** Bytes of the weights with a head of their own, in float32; 0 where only the published files say. */
function modelBytes(settings: PretrainedSettings): number {
  const piece = completePiece(settings);
  if (piece === undefined) return 0;
  const { n_layer, n_embd, n_positions, vocab_size } = piece;
  return 4 * (n_layer * 12 * n_embd ** 2 + (2 * vocab_size + n_positions) * n_embd);
}
