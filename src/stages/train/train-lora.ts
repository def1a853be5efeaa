import { Type } from 'typebox';
import { oneOf } from '../../contract/shapes.ts';
import type { StageContext } from '../../contract/stage-context.ts';
import { ALL_LINEAR, ADAPTER_TARGETS as GPT2_TARGETS } from '../../model/families/gpt2/parameters.ts';
import { ADAPTER_TARGETS as LLAMA_TARGETS } from '../../model/families/llama/parameters.ts';

/** The settings of low-rank adaptation. */
export const LoraSettings = Type.Object(
  {
    rank: Type.Integer({
      default: 16,
      minimum: 1,
      description:
        'Width of the two narrow matrices: what the adapter can learn, and its size, grow with it.',
    }),
    alpha: Type.Number({
      default: 16,
      exclusiveMinimum: 0,
      description: 'What the adapter changes is multiplied by `alpha / rank`.',
    }),
    dropout: Type.Number({
      default: 0,
      minimum: 0,
      exclusiveMaximum: 1,
      description: 'Probability with which a number that goes into the adapter is dropped in an update.',
    }),
    targets: Type.Array(oneOf([...GPT2_TARGETS, ...LLAMA_TARGETS]), {
      default: [...ALL_LINEAR],
      minItems: 1,
      uniqueItems: true,
      description:
        "Layers of each block that get one, by the ends of their names, as in PEFT's `target_modules`: `c_attn` (queries, keys and values), `attn.c_proj`, `c_fc`, `mlp.c_proj`; `c_proj` stands for both that end so. All of them, as in the book, learn more than PEFT's default for GPT-2, `[c_attn]`. In a model of another family these defaults stand for all of its linear layers, which are `q_proj`, `k_proj`, `v_proj`, `o_proj`, `gate_proj`, `up_proj` and `down_proj`.",
    }),
  },
  {
    additionalProperties: false,
    affects: 'result',
    description:
      'Low-rank adaptation (https://arxiv.org/abs/2106.09685), as in appendix E of the book and in PEFT: the model stays as it is, and two narrow matrices next to each chosen layer are trained, in less time and with less than half of the memory. `{}` takes the defaults. The output `model` has them merged; `adapter` has them alone. They usually need a higher learning rate than a whole model, such as 5e-4.',
  },
);

/** Says how many of a model's numbers are trained. */
export function tellTrained(parameters: number, trained: number, { fact, log }: StageContext<unknown>): void {
  fact('parameters', parameters);
  fact('trained_parameters', trained);
  if (trained === parameters) return;
  const share = ((100 * trained) / parameters).toPrecision(2);
  log(`trains ${millions(trained)} of ${millions(parameters)} parameters (${share} %)`);
}

function millions(count: number): string {
  return `${(count / 1e6).toPrecision(3)} M`;
}
