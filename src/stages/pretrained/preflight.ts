import type { Problem } from '../../contract/stage-type.ts';
import type { World } from '../../contract/world.ts';
import { WEIGHTS, WEIGHTS_INDEX } from '../../model/files/safetensors-index.ts';
import { encodingOf } from '../../model/files/tokenizer/encoding-files.ts';
import { urlProblem } from '../../network/network-error.ts';
import { baseAddress } from './addresses.ts';
import { completePiece, type PretrainedSettings, SHAPE } from './settings.ts';

/** Everything about the settings that would make the stage fail; with a folder, nothing is downloaded. */
export function pretrainedProblems(
  settings: PretrainedSettings,
  hasFolder: boolean,
  world: Pick<World, 'environment'>,
): Problem[] {
  const problems = shapeProblems(settings);
  if (settings.source === 'random' || hasFolder) return problems;
  return [...problems, ...downloadProblems(settings, world)];
}

function shapeProblems(settings: PretrainedSettings): Problem[] {
  const { source, model } = settings;
  const problems: Problem[] = [];
  if (model?.n_embd !== undefined && model.n_head !== undefined && model.n_embd % model.n_head !== 0) {
    problems.push({
      message: `n_embd ${model.n_embd} of the model is not a multiple of its n_head ${model.n_head}.`,
    });
  }
  // The config.json of a Hugging Face folder says the rest.
  if (source === 'huggingface') return problems;
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
    return [
      {
        message: `The model does not say where ${source} has it.`,
        hint: `Set \`url\`, or \`${source}\` in the model.`,
      },
    ];
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
function unpinnedFiles({ source, sha256 }: PretrainedSettings): string[] {
  if (sha256 === undefined) return [];
  const pinned = Object.keys(sha256);
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
