import * as tf from '@tensorflow/tfjs-core';
import type { AttentionSaved } from '../../layers/attention.ts';
import { gated, gatedGradient } from '../../layers/gated.ts';
import { type GradientsOnDemand, within } from '../../layers/gradients-on-demand.ts';
import type { NormSaved } from '../../layers/norm.ts';
import type { BackwardLayers, Block, BlockNumbers, BlockSaved, ForwardLayers } from '../block.ts';
import type { LlamaConfig } from './llama-config.ts';
import type { LlamaTraits } from './traits.ts';

/** What the gradient of a block needs of its forward pass. */
type LlamaBlockSaved<Kept> = BlockSaved<Kept> & {
  readonly norm1: NormSaved;
  readonly normalised1: tf.Tensor2D; // [N, C]
  readonly headNorms?: { readonly query: NormSaved; readonly key: NormSaved };
  readonly mixed: tf.Tensor2D; // [N, heads · D]
  readonly addedNorm1?: NormSaved;
  readonly norm2: NormSaved;
  readonly normalised2: tf.Tensor2D; // [N, C]
  readonly gate: tf.Tensor2D; // [N, F]
  readonly up: tf.Tensor2D; // [N, F]
  readonly addedNorm2?: NormSaved;
};

/** A norm also keeps a number for each of its rows, and one of heads has as many rows as there are heads. */
function blockNumbers(
  { n_embd: C, n_head, num_key_value_heads, head_dim: D, intermediate_size: F }: LlamaConfig,
  { normalisesHeads, normalisesAdded }: LlamaTraits,
): BlockNumbers {
  const [queries, keys] = [n_head * D, num_key_value_heads * D];
  const norms = (normalisesAdded ? 4 : 2) * (C + 1);
  const headNorms = normalisesHeads ? (n_head + num_key_value_heads) * (D + 1) : 0;
  return {
    saved: { row: norms + headNorms + 2 * C + queries + 2 * F, place: queries + 2 * keys, pair: n_head },
    widest: Math.max(F, queries),
  };
}

type Rows = tf.Tensor2D;

/** The block of Llama (Touvron et al., https://arxiv.org/abs/2302.13971) and of the families that are built like it. */
export function llamaBlock(config: LlamaConfig, traits: LlamaTraits): Block {
  const { normalisesHeads, normalisesAdded, gate: by } = traits;
  const secondNorm = normalisesAdded ? 'pre_feedforward_layernorm' : 'post_attention_layernorm';
  /** Each head of the rows [N, heads · D] as a row of its own. */
  const heads = (x: Rows): Rows => tf.reshape(x, [-1, config.head_dim]);

  function forward<Kept>(x: Rows, layers: ForwardLayers<Kept>): { y: Rows; saved: LlamaBlockSaved<Kept> } {
    const dense = (name: string, of: Rows) => layers.linear(name).forward(of);
    const norm = (name: string, of: Rows) => layers.norm(name).forward(of);
    const headNorm = (name: string, of: Rows) => {
      const { y, saved } = norm(name, heads(of));
      return { y: tf.reshape(y, of.shape) as Rows, saved };
    };

    const { y: normalised1, saved: norm1 } = norm('input_layernorm', x);
    const projected = {
      query: dense('self_attn.q_proj', normalised1),
      key: dense('self_attn.k_proj', normalised1),
      value: dense('self_attn.v_proj', normalised1),
    };
    const query = normalisesHeads ? headNorm('self_attn.q_norm', projected.query) : undefined;
    const key = normalisesHeads ? headNorm('self_attn.k_norm', projected.key) : undefined;
    const { y: mixed, saved: attention } = layers.attend({
      query: layers.rotate(query?.y ?? projected.query),
      key: layers.rotate(key?.y ?? projected.key),
      value: projected.value,
    });
    const attended = layers.dropRows('self_attn.o_proj')(dense('self_attn.o_proj', mixed));
    const added1 = normalisesAdded ? norm('post_attention_layernorm', attended) : undefined;
    const middle = tf.add(x, added1?.y ?? attended) as Rows;

    const { y: normalised2, saved: norm2 } = norm(secondNorm, middle);
    const gate = dense('mlp.gate_proj', normalised2);
    const up = dense('mlp.up_proj', normalised2);
    const narrowed = layers.dropRows('mlp.down_proj')(dense('mlp.down_proj', gated(gate, up, by)));
    const added2 = normalisesAdded ? norm('post_feedforward_layernorm', narrowed) : undefined;
    const y = tf.add(middle, added2?.y ?? narrowed) as Rows;

    const saved: LlamaBlockSaved<Kept> = {
      ...{ norm1, normalised1, attention, mixed, norm2, normalised2, gate, up },
      ...(query && key && { headNorms: { query: query.saved, key: key.saved } }),
      ...(added1 && added2 && { addedNorm1: added1.saved, addedNorm2: added2.saved }),
    };
    return { y, saved };
  }

  function backward(dy: Rows, saved: LlamaBlockSaved<AttentionSaved>, layers: BackwardLayers) {
    const parameters: GradientsOnDemand = {};
    const collect = (name: string, of: { x: Rows; parameters: GradientsOnDemand }): Rows => {
      Object.assign(parameters, within(name, of.parameters));
      return of.x;
    };
    const dense = (name: string, dResult: Rows, x: Rows) =>
      collect(name, layers.linear(name).backward(dResult, x));
    const norm = (name: string, dResult: Rows, of: NormSaved | undefined): Rows =>
      of ? collect(name, layers.norm(name).backward(dResult, of)) : dResult;
    const headNorm = (name: string, dResult: Rows, of: NormSaved | undefined): Rows =>
      of ? tf.reshape(norm(name, heads(dResult), of), dResult.shape) : dResult;

    const dNarrowed = layers.dropRows('mlp.down_proj')(
      norm('post_feedforward_layernorm', dy, saved.addedNorm2),
    );
    const dWide = dense('mlp.down_proj', dNarrowed, gated(saved.gate, saved.up, by));
    const { gate: dGate, up: dUp } = gatedGradient(dWide, saved.gate, saved.up, by);
    const dNormalised2 = tf.add(
      dense('mlp.gate_proj', dGate, saved.normalised2),
      dense('mlp.up_proj', dUp, saved.normalised2),
    ) as Rows;
    const dMiddle = tf.add(dy, norm(secondNorm, dNormalised2, saved.norm2)) as Rows;

    const dAttended = layers.dropRows('self_attn.o_proj')(
      norm('post_attention_layernorm', dMiddle, saved.addedNorm1),
    );
    const dMixed = dense('self_attn.o_proj', dAttended, saved.mixed);
    const d = layers.attentionGradient(dMixed, saved.attention);
    const dQuery = headNorm('self_attn.q_norm', layers.rotateGradient(d.query), saved.headNorms?.query);
    const dKey = headNorm('self_attn.k_norm', layers.rotateGradient(d.key), saved.headNorms?.key);
    const dNormalised1 = tf.addN([
      dense('self_attn.q_proj', dQuery, saved.normalised1),
      dense('self_attn.k_proj', dKey, saved.normalised1),
      dense('self_attn.v_proj', d.value, saved.normalised1),
    ]);
    const x = tf.add(dMiddle, norm('input_layernorm', dNormalised1, saved.norm1)) as Rows;
    return { x, parameters };
  }

  return { numbers: blockNumbers(config, traits), forward, backward };
}
