import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { nameHint } from '../../pipeline/diagnostics/did-you-mean.ts';
import type { GgufLook } from '../../stages/pretrained/look-at-gguf.ts';
import { packagePath } from '../package-path.ts';
import { UserError } from '../user-error.ts';

/** A model to begin with. */
export type ChosenModel =
  /** Random weights over bytes, for a first try. */
  | { readonly kind: 'tiny' }
  /** A model that OpenAI published, by its name in configs/models. */
  | { readonly kind: 'published'; readonly name: string }
  /** A chat model with a tied head that Hugging Face has, by its name in configs/models. */
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'gguf'; readonly path: string; readonly look: GgufLook }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'repository'; readonly name: string };

/**
 * The model that a text means. Throws a UserError for one that means none, and StageError for a GGUF file that the `pretrained`
 * stage would refuse.
 */
export async function chosenModel(text: string): Promise<ChosenModel> {
  if (text === 'nano') return { kind: 'tiny' };
  const names = readdirSync(packagePath('configs', 'models')).map((file) => file.replace(/\.yaml$/, ''));
  if (names.includes(text)) return { kind: isOfOpenAi(text) ? 'published' : 'named', name: text };
  const found = statSync(text, { throwIfNoEntry: false });
  if (found?.isFile() && /\.gguf$/i.test(text)) {
    const { lookAtGguf } = await import('../../stages/pretrained/look-at-gguf.ts');
    return { kind: 'gguf', path: text, look: await lookAtGguf(text) };
  }
  if (found?.isDirectory()) {
    if (statSync(join(text, 'config.json'), { throwIfNoEntry: false })?.isFile())
      return { kind: 'folder', path: text };
    throw new UserError(
      `the folder ${text} holds no config.json`,
      'a model is a folder as Hugging Face keeps it: config.json, model.safetensors, tokenizer.json',
    );
  }
  if (/^(?!\.)[\w.-]+\/[\w.-]+$/.test(text)) return { kind: 'repository', name: text };
  throw new UserError(
    `there is no model ${JSON.stringify(text)}`,
    `${nameHint(text, names.sort(), 'models')}; a folder, a GGUF file, or NAME/REPOSITORY of Hugging Face, is a model, too`,
  );
}

function isOfOpenAi(name: string): boolean {
  return /^openai:/m.test(readFileSync(packagePath('configs', 'models', `${name}.yaml`), 'utf8'));
}
