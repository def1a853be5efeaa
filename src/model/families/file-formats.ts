import type { GgufValue } from '../files/gguf/gguf.ts';
import type { GgufMetadata } from '../files/gguf/gguf-metadata.ts';
import type { ModelConfig } from './model-config.ts';
import type { ModelShape } from './model-shape.ts';

/** The config.json of a Hugging Face folder. */
export interface ConfigFile<Config extends ModelConfig = ModelConfig> {
  /** What the file of this name says. Throws ModelFileError if it describes a model that would be computed wrongly. */
  read(values: Readonly<Record<string, unknown>>, file: string): Config;
  /** From which `transformers` builds the same model. */
  write(config: Config, dtype: 'float32' | 'float16'): Readonly<Record<string, unknown>>;
}

/** How Hugging Face stores the parameters, whose names are theirs. */
export interface HuggingFaceFormat {
  /** The beginning of names that files of models without a head leave out. */
  readonly prefix: string;
  /** Whether a tensor that old files have is a constant and no parameter. */
  isConstant(name: string): boolean;
  /** Whether matrices of linear layers are [in, out], as in transformers' Conv1D, and not [out, in]. */
  readonly fanInFanOut: boolean;
}

/** The checkpoint of TensorFlow that OpenAI published. */
export interface OpenAiFormat {
  /** Names in hparams.json of what the configuration calls differently. */
  readonly hparams: Readonly<Record<string, keyof ModelShape>>;
  /** OpenAI's name of a parameter. */
  tensorName(parameter: string): string;
}

/** How llama.cpp describes the family in a GGUF file. */
export interface GgufFormat<Config extends ModelConfig = ModelConfig> {
  readonly architecture: string;
  /** The shape of the model, and which kind its tokenizer is. Throws ModelFileError for a shape that llama.cpp would read as another one. */
  metadata(config: Config): readonly (readonly [key: string, value: GgufValue])[];
  /** Names of tensors that a file may have besides the parameters, because they describe the shape. */
  readonly describing: readonly string[];
  /** Those that this shape needs, each one row of numbers. */
  describingTensors(config: Config): ReadonlyMap<string, Float32Array>;
  /**
   * What a config.json would say of the shape that a file describes, without its vocabulary and its ends. `tensors`: those of
   * `describing` that the file has. Throws ModelFileError.
   */
  configValues(
    metadata: GgufMetadata,
    tensors: ReadonlyMap<string, Float32Array>,
  ): Readonly<Record<string, unknown>>;
  /** llama.cpp's name of a parameter. */
  tensorName(parameter: string): string;
  /** How a parameter's numbers differ there from Hugging Face's, but for the order of rows and columns; undefined: not at all. */
  conversion(config: Config, parameter: string): GgufConversion | undefined;
}

/** Takes the numbers of a parameter there and back; the shape stays. */
export interface GgufConversion {
  toFile(values: Float32Array): Float32Array;
  fromFile(values: Float32Array): Float32Array;
}
