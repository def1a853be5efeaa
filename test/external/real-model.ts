import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadEngine } from '../../src/engine/load-engine.ts';
import type { ModelFolder } from '../../src/model/files/folder-weights.ts';
import { loadModel, readConfig } from '../../src/model/files/model-folder.ts';
import { type ModelTokenizer, readModelTokenizer } from '../../src/model/files/tokenizer/model-tokenizer.ts';
import type { CausalModel } from '../../src/model/network/causal-model.ts';
import { exportStage } from '../../src/stages/export/export.ts';
import { pretrained } from '../../src/stages/pretrained/pretrained.ts';
import { runStage } from '../stages/run-stage.ts';

/** A model that somebody published as a GGUF file, in a folder of ours. */
export interface RealModel {
  readonly folder: string;
  readonly files: ModelFolder;
  readonly model: CausalModel;
  readonly own: ModelTokenizer;
  /** Writes it for llama.cpp and Ollama; gives the folder. */
  exported(settings: { readonly quantization: string; readonly prompt?: object }): Promise<string>;
}

/** Reads a GGUF file with the `pretrained` stage, on the engine onnxruntime. */
export async function readRealModel(gguf: string): Promise<RealModel> {
  await loadEngine('onnxruntime');
  const settings = { source: 'gguf', tie_word_embeddings: true };
  const { outputs } = await runStage(pretrained, { with: settings, inputs: { gguf } });
  const folder = outputs.model!;
  const inFolder = (name: string) => join(folder, name);
  const files = { file: (name: string) => (existsSync(inFolder(name)) ? inFolder(name) : undefined) };
  const [model, own] = [await loadModel(files), await readModelTokenizer(files, await readConfig(files))];
  const exported: RealModel['exported'] = async (how) => {
    const run = await runStage(exportStage, { with: { format: 'gguf', ...how }, inputs: { model: folder } });
    return run.outputs.model!;
  };
  return { folder, files, model, own, exported };
}
