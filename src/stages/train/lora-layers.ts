import type { Problem } from '../../contract/stage-type.ts';
import { familyOf } from '../../model/families/families.ts';
import { ALL_LINEAR } from '../../model/families/gpt2/parameters.ts';
import type { ModelConfig } from '../../model/families/model-config.ts';
import type { LoraOptions } from '../../model/network/lora.ts';

/** The settings for a model of this family: the layers of GPT-2 that are named by default stand for all of another one's. */
export function loraOptions(settings: LoraOptions, config: ModelConfig): LoraOptions {
  const { linearInBlock } = familyOf(config).names;
  const byDefault = `${settings.targets}` === `${ALL_LINEAR}`;
  if (!byDefault || config.model_type === 'gpt2') return settings;
  return { ...settings, targets: linearInBlock.map((layer) => layer.split('.').at(-1)!) };
}

/** What is wrong with an adapter for a model of this shape. */
export function loraProblem({ rank, targets }: LoraOptions, config: ModelConfig): Problem | undefined {
  const { title, names } = familyOf(config);
  const unknown = targets.filter(
    (target) => !names.linearInBlock.some((layer) => `.${layer}`.endsWith(`.${target}`)),
  );
  if (unknown.length > 0) {
    return {
      message: `\`lora.targets\` names ${unknown.join(', ')}, which a ${title} does not have.`,
      hint: `Its layers are ${names.linearInBlock.join(', ')}. Left out, \`targets\` takes all of them.`,
    };
  }
  const { n_embd } = config;
  if (rank <= n_embd) return undefined;
  return {
    message: `\`lora.rank\` is ${rank}, but the model is only ${n_embd} wide: its matrices have no higher rank.`,
    hint: `Choose at most ${n_embd}; 8 or 16 is usual, and to train everything leave out \`lora\`.`,
  };
}
