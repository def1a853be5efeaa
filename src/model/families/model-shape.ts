/**
 * What every model has, in the names of Hugging Face's GPT2Config
 * (https://huggingface.co/docs/transformers/model_doc/gpt2#transformers.GPT2Config).
 */
export interface ModelShape {
  readonly n_layer: number;
  readonly n_head: number;
  /** Width of the residual stream. */
  readonly n_embd: number;
  /** Longest sequence, in tokens. */
  readonly n_positions: number;
  readonly vocab_size: number;
  /** Whether the head shares the token embedding's matrix; otherwise it is a parameter of its own. */
  readonly tie_word_embeddings: boolean;
  /** The token that ends a text, and that separates texts. */
  readonly eos_token_id: number;
  /** All tokens that end a reply, where there are more than that one, which is the first of them. */
  readonly eos_token_ids?: readonly number[];
}
