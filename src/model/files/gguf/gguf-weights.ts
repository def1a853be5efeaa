import { FAMILIES, familyOf } from '../../families/families.ts';
import type { ModelFamily } from '../../families/family.ts';
import type { ModelConfig } from '../../families/model-config.ts';
import { ModelFileError } from '../model-file-error.ts';
import type { TensorSource } from '../safetensors.ts';
import { shown } from '../tokenizer/folder-vocabulary.ts';
import type { GgufFile } from './gguf-file.ts';
import type { GgufMetadata } from './gguf-metadata.ts';
import { ggufPlace } from './gguf-model.ts';
import type { GgufVocabulary } from './gguf-vocabulary.ts';
import { transposed } from './transposed.ts';

const ARCHITECTURE = 'general.architecture';
const KIND = 'general.type';
const PARTS = 'split.count';

/** The configuration of the model in a GGUF file. Throws ModelFileError if it is of no family, or would be computed wrongly. */
export async function ggufConfig(
  file: GgufFile,
  { size, ends }: Pick<GgufVocabulary, 'size' | 'ends'>,
): Promise<ModelConfig> {
  const { metadata, tensors } = file;
  const family = familyIn(metadata);
  const describing = new Map<string, Float32Array>();
  for (const name of family.gguf.describing)
    if (tensors.has(name)) describing.set(name, await file.readFloats(name));
  const values = {
    ...family.gguf.configValues(metadata, describing),
    vocab_size: size,
    eos_token_id: ends,
    tie_word_embeddings: await isHeadTied(file, family),
  };
  return family.configFile.read(values, metadata.file);
}

/** A file has no key for it: llama.cpp takes the embedding where there is no head, and some programs write the same numbers twice. */
async function isHeadTied(file: GgufFile, { names, gguf }: ModelFamily): Promise<boolean> {
  const [head, tokens] = [gguf.tensorName(names.head), gguf.tensorName(names.tokens)];
  return !file.tensors.has(head) || (await file.haveSameBytes(head, tokens));
}

/** The family that a GGUF file names. Throws ModelFileError for another one, and for what is no whole model. */
export function familyIn(metadata: GgufMetadata): ModelFamily {
  const { file } = metadata;
  const named = metadata.text(ARCHITECTURE);
  const known = Object.values(FAMILIES);
  const family = known.find(({ gguf }) => gguf.architecture === named);
  if (family === undefined) {
    const architectures = new Intl.ListFormat('en').format(known.map(({ gguf }) => gguf.architecture));
    throw ModelFileError.of(file, `its architecture is ${shown(named)}, only ${architectures} are read`);
  }
  if (metadata.has(KIND) && metadata.text(KIND) !== 'model')
    throw ModelFileError.of(file, `it holds no model: ${KIND} is ${shown(metadata.text(KIND))}`);
  if (metadata.has(PARTS) && metadata.number(PARTS) > 1) {
    throw ModelFileError.of(
      file,
      `it is one of ${metadata.number(PARTS)} parts of a model`,
      'Join them with the program of llama.cpp: llama-gguf-split --merge FIRST-PART WHOLE',
    );
  }
  return family;
}

/**
 * The parameters in a GGUF file in the order of the computation, each read and unpacked when its turn comes, with matrices of linear
 * layers as the family has them. Throws ModelFileError that names tensor and shapes.
 */
export function ggufWeights(file: GgufFile, config: ModelConfig): TensorSource[] {
  const family = familyOf(config);
  const parameters = [...family.parameterShapes(config)].map(([name, shape]) => ({ name, shape }));
  const places = parameters.map((parameter) => ({ parameter, place: ggufPlace(config, parameter) }));
  const head = family.gguf.tensorName(family.names.head);
  const known = new Set([...family.gguf.describing, head, ...places.map(({ place }) => place.name)]);
  for (const { name, shape } of file.tensors.values()) {
    if (!known.has(name))
      throw ModelFileError.of(
        file.name,
        `tensor ${name} [${shape}] is not part of a ${family.title} of this shape`,
      );
  }
  return places.map(({ parameter: { name, shape }, place }): TensorSource => {
    const found = file.tensors.get(place.name);
    if (found === undefined)
      throw ModelFileError.of(file.name, `tensor ${place.name} [${place.shape}] is missing`);
    if (`${found.shape}` !== `${place.shape}`) {
      throw ModelFileError.of(
        file.name,
        `tensor ${place.name} is [${found.shape}], its metadata makes it [${place.shape}]`,
      );
    }
    const [rows, columns] = place.shape as readonly [number, number];
    const bytes = async () => {
      const values = await file.readFloats(place.name);
      const plain = place.turned ? transposed(values, rows, columns) : values;
      return place.conversion?.fromFile(plain) ?? plain;
    };
    return { name, dtype: 'F32', shape, bytes };
  });
}
