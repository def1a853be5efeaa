/**
 * Types of a tensor that are read (ggml's enum ggml_type): number in the file, numbers of a block, bytes of a block. A block is never
 * divided between two rows.
 */
export const GGUF_TENSOR_TYPES = {
  F32: { id: 0, block: 1, bytes: 4 },
  F16: { id: 1, block: 1, bytes: 2 },
  BF16: { id: 30, block: 1, bytes: 2 },
  Q4_0: { id: 2, block: 32, bytes: 18 },
  Q4_1: { id: 3, block: 32, bytes: 20 },
  Q5_0: { id: 6, block: 32, bytes: 22 },
  Q5_1: { id: 7, block: 32, bytes: 24 },
  Q8_0: { id: 8, block: 32, bytes: 34 },
  Q4_K: { id: 12, block: 256, bytes: 144 },
  Q5_K: { id: 13, block: 256, bytes: 176 },
  Q6_K: { id: 14, block: 256, bytes: 210 },
} as const;
export type GgufTensorType = keyof typeof GGUF_TENSOR_TYPES;

/** Those that are written, too. */
export type WrittenTensorType = Extract<GgufTensorType, 'F32' | 'F16' | 'Q8_0'>;

/** Types that are not read, by their numbers, for messages. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  9: 'Q8_1',
  10: 'Q2_K',
  11: 'Q3_K',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
  39: 'MXFP4',
  40: 'NVFP4',
};

const BY_ID: ReadonlyMap<number, GgufTensorType> = new Map(
  Object.keys(GGUF_TENSOR_TYPES)
    .filter((name): name is GgufTensorType => name in GGUF_TENSOR_TYPES)
    .map((name) => [GGUF_TENSOR_TYPES[name].id, name]),
);

/** The type of a number in a file, or undefined where it is not read. */
export function tensorTypeOf(id: number): GgufTensorType | undefined {
  return BY_ID.get(id);
}

/** What a message calls a type that is not read. */
export function otherTensorType(id: number): string {
  return OTHER_TYPES[id] ?? `number ${id}`;
}

/** Bytes of a tensor in a file, without what fills them up to the alignment. */
export function ggufBytes({
  type,
  shape,
}: {
  readonly type: GgufTensorType;
  readonly shape: readonly number[];
}): number {
  const { block, bytes } = GGUF_TENSOR_TYPES[type];
  return (shape.reduce((size, length) => size * length, 1) / block) * bytes;
}
