// One training of bench/memory.mjs, in a process of its own: loads the model of a folder, and trains it as the `train` stage
// does, with evaluations, samples and the result. Argument: the job, JSON. Prints the peak of its memory after
// each part, in bytes.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importSource } from '../scripts/import-source.mjs';

const { engine, folder, lengths, lora, keeps, updates } = JSON.parse(process.argv[2]);
const {
  loadEngine,
  familyOf,
  initialLora,
  loadModel,
  saveModel,
  readConfig,
  nextTokens,
  minimize,
  Checkpoints,
} = await importSource(`
  export { loadEngine } from './src/engine/load-engine.ts';
  export { familyOf } from './src/model/families/families.ts';
  export { initialLora } from './src/model/network/lora.ts';
  export { loadModel, saveModel, readConfig } from './src/model/files/model-folder.ts';
  export { nextTokens } from './src/training/objective/next-tokens.ts';
  export { minimize } from './src/training/loop.ts';
  export { Checkpoints } from './src/training/state/checkpoint.ts';`);

const peaks = {};
const mark = (moment) => {
  peaks[moment] = process.resourceUsage().maxRSS * 1024;
};
const directory = mkdtempSync(join(tmpdir(), 'pipe-bench-memory-'));
try {
  const model = { file: (name) => (existsSync(join(folder, name)) ? join(folder, name) : undefined) };
  const config = await readConfig(model);
  await loadEngine(engine);
  mark('engine');
  const targets = familyOf(config).names.linearInBlock;
  const adapter = lora ? initialLora(config, { rank: 16, alpha: 16, dropout: 0, targets }, 123) : undefined;
  const network = await loadModel(model, adapter);
  mark('loaded');
  const text = (length, place) =>
    Int32Array.from({ length }, (_, i) => ((place * 1000 + i) * 7919 + 13) % (config.vocab_size - 1));
  const train = Array.from({ length: updates }, () => lengths)
    .flat()
    .map(text);
  const data = {
    train,
    validation: train.slice(0, lengths.length),
    endOfText: config.eos_token_id,
    samplePrompt: train[0].subarray(0, 16),
  };
  const options = {
    optimizer: { betas: [0.9, 0.999], epsilon: 1e-8, weightDecay: 0.1, decayOn: 'all' },
    learningRate: { schedule: 'constant', peak: 5e-5, warmup: 0, initial: 0, minimum: 0 },
    maxGradNorm: null,
    epochs: 1,
    batchSize: lengths.length,
    rowsAtOnce: lengths.length,
    keeps,
    dropout: 0,
    seed: 123,
    shuffle: 'none',
    maxLength: Math.max(...lengths),
    evalEvery: updates,
    evalBatches: 1,
    keep: 'last',
    earlyStopping: null,
    sampleTokens: 8,
  };
  await minimize(network, nextTokens(network, data, options), data, options, {
    checkpoints: new Checkpoints(directory, [], (message) => console.error(message)),
    checkpointInterval: Number.POSITIVE_INFINITY,
    signal: new AbortController().signal,
    onResume: () => {},
    onUpdate: ({ done }) => mark(`update ${done}`),
    onPart: () => {},
    onEvaluation: ({ updates }) => mark(`evaluation ${updates}`),
    onSample: ({ epoch }) => mark(`sample ${epoch}`),
  });
  await saveModel(join(directory, 'model'), network, model);
  mark('saved');
  console.log(JSON.stringify(peaks));
} finally {
  rmSync(directory, { recursive: true });
}
process.exit(0);
