import { layerNorm } from '../layers/layer-norm.ts';
import type { ModelFamily } from './family.ts';
import { block, blockGradients, blockNumbers } from './gpt2/block.ts';
import { configFile } from './gpt2/config-file.ts';
import { gguf, huggingFace, openAi } from './gpt2/file-formats.ts';
import type { Gpt2Config } from './gpt2/gpt2-config.ts';
import { initialValue, NAMES, parameterShapes } from './gpt2/parameters.ts';

/** GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"). */
export const gpt2: ModelFamily<Gpt2Config> = {
  title: 'GPT-2',
  names: NAMES,
  parameterShapes,
  initialValue,
  norm: ({ layer_norm_epsilon }, parameter) =>
    layerNorm(parameter('weight'), parameter('bias'), layer_norm_epsilon),
  embeddingScale: () => 1,
  attention: ({ n_embd, n_head }) => ({
    heads: { count: n_head, keyCount: n_head, scale: 1 / Math.sqrt(n_embd / n_head) },
  }),
  rotations: () => ({}),
  block: (config) => ({ numbers: blockNumbers(config), forward: block, backward: blockGradients }),
  configFile,
  huggingFace,
  openAi,
  gguf,
};
