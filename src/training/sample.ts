import { generate } from '../model/generation/generate.ts';
import type { CausalModel } from '../model/network/causal-model.ts';
import type { Examples, TrainingOptions } from './state/training-state.ts';

/** Lets the model continue from the sample prompt, greedily, up to the end of the text; the new tokens. */
export async function sampleTokens(
  model: CausalModel,
  { samplePrompt, endOfText, otherEnds = [], never = [] }: Examples,
  { sampleTokens: maxNewTokens }: TrainingOptions,
  { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: () => void },
): Promise<readonly number[]> {
  const replies = await generate(model, [samplePrompt], {
    maxNewTokens,
    endOfText,
    otherEnds,
    never,
    signal,
    onProgress,
  });
  return replies[0]!;
}
