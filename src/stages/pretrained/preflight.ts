import type { Problem } from '../../contract/stage-type.ts';
import type { World } from '../../contract/world.ts';
import { WEIGHTS, WEIGHTS_INDEX } from '../../model/files/safetensors-index.ts';
import { encodingOf } from '../../model/files/tokenizer/encoding-files.ts';
import { urlProblem } from '../../network/network-error.ts';
import { baseAddress, ggufName } from './addresses.ts';
import { completePiece, type PretrainedSettings, SHAPE } from './settings.ts';

/** Everything about the settings that would make the stage fail. `inputs`: names of those given; with one, nothing is downloaded. */
export function pretrainedProblems(
  settings: PretrainedSettings,
  inputs: readonly string[],
  world: Pick<World, 'environment'>,
): Problem[] {
  const problems = [...shapeProblems(settings), ...inputProblems(settings, inputs)];
  if (settings.source === 'random' || inputs.length > 0) return problems;
  return [...problems, ...downloadProblems(settings, world)];
}

function inputProblems({ source, file }: PretrainedSettings, inputs: readonly string[]): Problem[] {
  if (source === 'gguf') {
    if (inputs.length < 2) return [];
    return [
      { message: 'The inputs `gguf` and `folder` both give the file.', hint: 'Leave one of them out.' },
    ];
  }
  const hint = 'Set source: gguf, or leave it out.';
  return [
    ...(inputs.includes('gguf')
      ? [{ message: `The input \`gguf\` is not for source: ${source}.`, hint }]
      : []),
    ...(file === undefined ? [] : [{ message: `\`file\` is not for source: ${source}.`, hint }]),
  ];
}

function shapeProblems(settings: PretrainedSettings): Problem[] {
  const { source, model } = settings;
  const problems: Problem[] = [];
  if (model?.n_embd !== undefined && model.n_head !== undefined && model.n_embd % model.n_head !== 0) {
    problems.push({
      message: `n_embd ${model.n_embd} of the model is not a multiple of its n_head ${model.n_head}.`,
    });
  }
  // The config.json of a Hugging Face folder says the rest, or the GGUF file.
  if (source === 'huggingface' || source === 'gguf') return problems;
  const piece = completePiece(settings);
  if (piece === undefined) {
    const missing = SHAPE.filter((name) => model?.[name] === undefined);
    const message = `The model has no ${missing.join(', ')}.`;
    return [...problems, { message, hint: 'Name a file under configs/models, such as `model: gpt2-small`.' }];
  }
  try {
    encodingOf(piece);
  } catch (error) {
    problems.push({ message: (error as Error).message });
  }
  return problems;
}

function downloadProblems(settings: PretrainedSettings, world: Pick<World, 'environment'>): Problem[] {
  const { source } = settings;
  const base = baseAddress(settings, world);
  if (base === undefined) {
    if (source === 'gguf') {
      const hint = 'Give the input `gguf`, or set `url`; or `file`, and `huggingface` in the model.';
      return [{ message: 'Nothing says where the GGUF file is.', hint }];
    }
    return [
      {
        message: `The model does not say where ${source} has it.`,
        hint: `Set \`url\`, or \`${source}\` in the model.`,
      },
    ];
  }
  if (source === 'gguf' && ggufName(settings) === undefined) {
    const hint = 'Set `file` to the name of the GGUF file.';
    return [{ message: 'Nothing says which file of the repository it is.', hint }];
  }
  const problem = urlProblem(base);
  const unpinned = unpinnedFiles(settings);
  return [
    ...(problem === undefined ? [] : [{ message: `Cannot download: ${problem}.` }]),
    ...(unpinned.length === 0
      ? []
      : [
          {
            message: `sha256 pins some of the files but not ${unpinned.join(', ')}.`,
            hint: 'Pin every file, because the address does not count then; or none.',
          },
        ]),
  ];
}

/** Files without which no source is whole, and that `sha256` does not pin; shards are known only later. */
function unpinnedFiles(settings: PretrainedSettings): string[] {
  const { source, sha256 } = settings;
  if (sha256 === undefined) return [];
  const pinned = Object.keys(sha256);
  if (source === 'gguf') return [ggufName(settings)!].filter((name) => !pinned.includes(name));
  const needed: readonly (readonly [name: string, also: RegExp])[] =
    source === 'openai'
      ? [
          ['hparams.json', /^hparams\.json$/],
          ['checkpoint', /^checkpoint$/],
          ['model.ckpt.index', /\.index$/],
          ['model.ckpt.data-00000-of-00001', /\.data-\d{5}-of-\d{5}$/],
        ]
      : [
          ['config.json', /^config\.json$/],
          [WEIGHTS, new RegExp(`^(${WEIGHTS}|${WEIGHTS_INDEX})$`)],
        ];
  return needed.filter(([, also]) => !pinned.some((name) => also.test(name))).map(([name]) => name);
}
