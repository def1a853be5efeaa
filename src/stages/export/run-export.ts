import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type StageContext, StageError } from '../../contract/stage-context.ts';
import type { ModelConfig } from '../../model/families/model-config.ts';
import { openWeights } from '../../model/files/folder-weights.ts';
import { writeGguf } from '../../model/files/gguf/gguf.ts';
import { readGgufHeader } from '../../model/files/gguf/gguf-header.ts';
import { checkGguf, ggufMetadata, ggufTensors } from '../../model/files/gguf/gguf-model.ts';
import { losesNormalizer } from '../../model/files/gguf/gguf-tokenizer.ts';
import { GGUF_FILE, modelfile } from '../../model/files/gguf/modelfile.ts';
import { float16Of } from '../../model/files/half-precision.ts';
import {
  copyTokenizerFiles,
  readConfig,
  TOKENIZER_FILES,
  writeModelFolder,
} from '../../model/files/model-folder.ts';
import type { TensorSource } from '../../model/files/safetensors.ts';
import { readChatTemplate } from '../../model/files/tokenizer/chat-template-file.ts';
import { encodingOf, writeTokenizerFiles } from '../../model/files/tokenizer/encoding-files.ts';
import { readModelTokenizer } from '../../model/files/tokenizer/model-tokenizer.ts';
import { withProgress } from '../training/tensor-progress.ts';
import type { ExportSettings } from './settings.ts';

/** The work of the `export` stage: a model folder in, a model for other programs out, tensor by tensor. */
export async function runExport(context: StageContext<ExportSettings>): Promise<void> {
  const { settings, inputs, outputs } = context;
  const model = inputs.model!;
  const config = await readConfig(model);
  const { sources, close } = await openWeights(model, config);
  try {
    const watched = withProgress(sources, context);
    if (settings.format === 'gguf') await writeGgufFolder(context, config, watched);
    else {
      await writeHuggingFace(outputs.model!, config, watched, settings.quantization);
      if (TOKENIZER_FILES.some((name) => model.file(name) !== undefined)) {
        await copyTokenizerFiles(outputs.model!, model);
      } else await writeTokenizerFiles(outputs.model!, encodingOf(config), config.n_positions);
    }
  } finally {
    await close();
  }
}

async function writeGgufFolder(
  { settings, inputs, outputs, log, warnOfResult }: StageContext<ExportSettings>,
  config: ModelConfig,
  sources: readonly TensorSource[],
): Promise<void> {
  const folder = outputs.model!;
  await mkdir(folder, { recursive: true });
  const { tokenizer, vocabulary } = await readModelTokenizer(inputs.model!, config);
  const end = tokenizer.decode([config.eos_token_id]);
  await writeFile(join(folder, 'Modelfile'), modelfile(settings.prompt, config.n_positions, end));
  const path = join(folder, GGUF_FILE);
  const source = await readChatTemplate(inputs.model!);
  const written = await vocabulary();
  const metadata = ggufMetadata(config, written, settings.quantization, source?.template);
  if (losesNormalizer(written)) {
    warnOfResult(
      `${GGUF_FILE} does not say that texts are brought into the form NFC, as the model's tokenizer does, and llama.cpp does not do it.`,
      'Letters with separate accents get other tokens there. Bring texts into that form before they are sent, if they may have such letters.',
    );
  }
  const tensors = ggufTensors(config, sources, settings.quantization);
  await writeGguf(path, metadata, tensors);
  checkGguf(path, await readGgufHeader(path), metadata, tensors);
  const { size } = await stat(path);
  log(`${GGUF_FILE}: ${settings.quantization}, ${size.toLocaleString('en')} bytes`);
}

async function writeHuggingFace(
  folder: string,
  config: ModelConfig,
  sources: readonly TensorSource[],
  quantization: ExportSettings['quantization'],
): Promise<void> {
  if (quantization === 'Q8_0') throw new StageError('A Hugging Face folder cannot hold Q8_0.');
  if (quantization === 'F32') return await writeModelFolder(folder, config, sources);
  const halves = sources.map((source): TensorSource => {
    return { ...source, dtype: 'F16', bytes: async () => float16Of((await source.bytes()) as Float32Array) };
  });
  await writeModelFolder(folder, config, halves, 'float16');
}
