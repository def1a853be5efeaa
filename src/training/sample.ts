import { generate } from '../model/generation/generate.ts';
import type { Gpt2 } from '../model/network/gpt2.ts';
import type { Examples, TrainingOptions } from './state/training-state.ts';

/** Lets the model continue from the sample prompt, greedily, up to the end of the text; the new tokens. */
export async function sampleTokens(
  model: Gpt2,
  { samplePrompt, endOfText }: Examples,
  { sampleTokens: maxNewTokens }: TrainingOptions,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: () => void },
): Promise<readonly number[]> {
  const replies = await generate(model, [samplePrompt], { maxNewTokens, endOfText, signal, onProgress });
  return replies[0]!;
}
