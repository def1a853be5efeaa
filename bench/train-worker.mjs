// One side of bench/train.mjs: trains with pipe's own code. Arguments: JSON {engine, config, batches}, a batch being the texts
// of one update; and `lora` where an adapter is trained, of rank 16 beside every linear layer of the blocks.
// Tells {ready}, then for each line on standard input one update; a last line with the memory.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { importSource } from '../scripts/import-source.mjs';
import { randomParameters } from './random-parameters.mjs';

const { engine, config, batches } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { loadEngine, CausalModel, initialLora, familyOf, collate, meanLossGradients, AdamW } =
  await importSource(`
  export { loadEngine } from './src/engine/load-engine.ts';
  export { familyOf } from './src/model/families/families.ts';
  export { CausalModel } from './src/model/network/causal-model.ts';
  export { initialLora } from './src/model/network/lora.ts';
  export { collate } from './src/batch/collate.ts';
  export { meanLossGradients } from './src/training/objective/batch-loss.ts';
  export { AdamW } from './src/training/optimizer/adamw.ts';`);
const tf = await loadEngine(engine);

const parameters = randomParameters(tf, familyOf(config).parameterShapes(config));
const targets = familyOf(config).names.linearInBlock;
const lora = { rank: 16, alpha: 16, dropout: 0, targets };
const adapter = process.argv[3] === 'lora' ? initialLora(config, lora, 123) : undefined;
const model = new CausalModel(config, parameters, adapter);
const optimizer = new AdamW(model.trained, {
  betas: [0.9, 0.999],
  epsilon: 1e-8,
  weightDecay: 0.1,
  decayOn: 'all',
});

/** One update; seconds in all and of each phase. */
async function update(texts, t) {
  const start = performance.now();
  const sequences = texts.map((text) => Int32Array.from(text));
  const batch = collate(sequences, { padToken: config.eos_token_id, maxLength: config.n_positions });
  const gradients = new Map();
  let forward = start;
  const loss = await meanLossGradients(model, batch, batch.rows, gradients, async (share) => {
    if (share < 1 / 3 + 1e-6) forward = performance.now();
  });
  const backward = performance.now();
  optimizer.update(gradients, t, 5e-5);
  const end = performance.now();
  const seconds = (from, to) => (to - from) / 1000;
  return {
    loss,
    seconds: seconds(start, end),
    forward: seconds(start, forward),
    backward: seconds(forward, backward),
    optimizer: seconds(backward, end),
  };
}

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
tell({ ready: true });
let t = 0;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'end') break;
  tell(await update(batches[t % batches.length], ++t));
}
tell({ peakBytes: process.resourceUsage().maxRSS * 1024, engine: tf.getBackend() });
process.exit(0);
