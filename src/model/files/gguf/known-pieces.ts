import type { Json } from '../../../contract/json.ts';
import { GPT2_PARTS, type TokenizerParts } from '../../../text/tokenizer/parts/tokenizer-parts.ts';

/** A way of cutting texts that llama.cpp knows by name (`tokenizer.ggml.pre`). */
interface KnownPieces {
  /** What it is called; the first name is written, all are read. */
  readonly names: readonly [string, ...string[]];
  readonly pre_tokenizer: Json;
  readonly ignore_merges: boolean;
  /** Whether a token begins each text where the file does not say. */
  readonly begins: boolean;
}

const ENDINGS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const AFTER_NUMBERS = '| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

function splitBy(pattern: string): Json {
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const split = { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
  return { type: 'Sequence', pretokenizers: [split, bytes] };
}

/**
 * Those of llama.cpp's llama-vocab.cpp, in the form of a tokenizer.json. Each form is tested against `tokenizers`; that the other names
 * stand for the same is taken from that file.
 */
const KNOWN: readonly KnownPieces[] = [
  {
    names: ['gpt-2', 'phi-2'],
    pre_tokenizer: GPT2_PARTS.pre_tokenizer,
    ignore_merges: false,
    begins: false,
  },
  {
    names: ['smollm', 'starcoder', 'refact', 'command-r'],
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Digits', individual_digits: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    ignore_merges: false,
    begins: false,
  },
  {
    names: ['llama-bpe', 'llama3', 'llama-v3'],
    pre_tokenizer: splitBy(`${ENDINGS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}${AFTER_NUMBERS}`),
    ignore_merges: true,
    begins: true,
  },
  {
    names: ['qwen2', 'deepseek-r1-qwen'],
    pre_tokenizer: splitBy(`${ENDINGS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${AFTER_NUMBERS}`),
    ignore_merges: false,
    begins: false,
  },
];

/** Pieces of models whose tokenizer.json brings texts into the form NFC first; llama.cpp does not, and has no name for those that do. */
export const NORMALISED = 'qwen2';

export const KNOWN_NAMES: readonly string[] = KNOWN.flatMap(({ names }) => names);

/** The pieces that llama.cpp calls so. */
export function piecesNamed(name: string): KnownPieces | undefined {
  return KNOWN.find(({ names }) => names.includes(name));
}

/** What llama.cpp calls the pieces of a tokenizer; undefined where it has no name for them. */
export function nameOfPieces({ pre_tokenizer, ignore_merges }: TokenizerParts): string | undefined {
  const shape = essence(pre_tokenizer);
  const found = KNOWN.filter((known) => essence(known.pre_tokenizer) === shape);
  return (found.find((known) => known.ignore_merges === ignore_merges) ?? found[0])?.names[0];
}

/** What decides pieces: files differ in settings of no effect. */
function essence(part: Json): string {
  return JSON.stringify(part, (key, value: Json) => (key === 'trim_offsets' ? undefined : sorted(value)));
}

function sorted(value: Json): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
