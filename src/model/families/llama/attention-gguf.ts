import type { GgufValue } from '../../files/gguf/gguf.ts';
import type { GgufMetadata } from '../../files/gguf/gguf-metadata.ts';
import type { LayerType, LlamaConfig } from './llama-config.ts';
import { notInGguf } from './not-in-gguf.ts';

/*
 * How blocks attend, in a GGUF file. llama.cpp has windows in Gemma 3 alone, and derives by which number products of queries and keys
 * are divided (src/llama-model.cpp).
 */

const GEMMA = 'gemma3';
/** In Gemma 3 every block of this number has no window, where the file does not say which have none. */
const USUAL_PERIOD = 6;
/** Gemma 3 27B is known by its number of blocks. */
const BLOCKS_OF_27B = 62;

/** Which blocks have a window, and how long it is. Throws ModelFileError for what llama.cpp would compute otherwise. */
export function windowMetadata(config: LlamaConfig, architecture: string): [string, GgufValue][] {
  const { sliding_window, layer_types } = config;
  if (sliding_window === undefined) return [];
  if (architecture !== GEMMA) throw notInGguf(`blocks with a window in the architecture ${architecture}`);
  const integer = (name: string, value: number): [string, GgufValue] => [
    `${architecture}.attention.${name}`,
    { type: 'uint32', value },
  ];
  const period = periodOf(layer_types);
  if (period === undefined) throw notInGguf('blocks with a window in an order without a period');
  return [
    integer('sliding_window', sliding_window),
    ...(samePeriod(layer_types, USUAL_PERIOD) ? [] : [integer('sliding_window_pattern', period)]),
  ];
}

/** What a config.json would say of the windows in a file. */
export function windowValues(metadata: GgufMetadata, architecture: string): Record<string, unknown> {
  if (architecture !== GEMMA) return {};
  const [window, pattern] = ['sliding_window', 'sliding_window_pattern'].map(
    (name) => `${architecture}.attention.${name}`,
  ) as [string, string];
  if (!metadata.has(window)) return { sliding_window_pattern: 1 };
  return {
    sliding_window: metadata.number(window),
    sliding_window_pattern: metadata.has(pattern) ? metadata.number(pattern) : USUAL_PERIOD,
  };
}

/** What llama.cpp divides products of queries and keys by the root of. */
export function scaleOf(
  { n_layer, n_embd, n_head, head_dim }: Pick<LlamaConfig, 'n_layer' | 'n_embd' | 'n_head' | 'head_dim'>,
  architecture: string,
): number {
  return architecture === GEMMA && n_layer === BLOCKS_OF_27B ? n_embd / n_head : head_dim;
}

/** Throws ModelFileError where llama.cpp would divide by another number. */
export function checkScale(config: LlamaConfig, architecture: string): void {
  const theirs = scaleOf(config, architecture);
  if (config.query_pre_attn_scalar !== theirs)
    throw notInGguf(`a query_pre_attn_scalar of ${config.query_pre_attn_scalar}, not ${theirs}`);
}

function periodOf(types: readonly LayerType[]): number | undefined {
  return Array.from(types, (_, i) => i + 1)
    .concat(types.length + 1)
    .find((period) => samePeriod(types, period));
}

function samePeriod(types: readonly LayerType[], period: number): boolean {
  return types.every((type, layer) => (type === 'full_attention') === ((layer + 1) % period === 0));
}
