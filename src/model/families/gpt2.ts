import type { ModelFamily } from './family.ts';
import { block, blockGradients } from './gpt2/block.ts';
import { configFile } from './gpt2/config-file.ts';
import { gguf, huggingFace, openAi } from './gpt2/file-formats.ts';
import { initialValue, NAMES, parameterShapes } from './gpt2/parameters.ts';

/** GPT-2 (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"). */
export const gpt2: ModelFamily = {
  title: 'GPT-2',
  names: NAMES,
  parameterShapes,
  initialValue,
  block: { forward: block, backward: blockGradients },
  configFile,
  huggingFace,
  openAi,
  gguf,
};
