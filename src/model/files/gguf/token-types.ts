/** Types of a token in a GGUF file (llama.h's llama_token_type). */
export const TOKEN_TYPES = {
  normal: 1,
  unknown: 2,
  /** It steers, and is no text. */
  control: 3,
  /** It was added to the vocabulary, and stands for its text. */
  added: 4,
  /** A row without a token. */
  unused: 5,
  byte: 6,
} as const;
