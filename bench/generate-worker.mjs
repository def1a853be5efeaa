// One side of bench/generate.mjs: replies with pipe's own code. Argument: JSON {engine, config, batches, tokens}. Tells
// {startSeconds}, then for each {batch} on standard input {replies, seconds}; for {end} the memory.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { importSource } from '../scripts/import-source.mjs';
import { randomParameters } from './random-parameters.mjs';

const { engine, config, batches, tokens } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { loadEngine, CausalModel, familyOf, generate } = await importSource(`
  export { loadEngine } from './src/engine/load-engine.ts';
  export { familyOf } from './src/model/families/families.ts';
  export { CausalModel } from './src/model/network/causal-model.ts';
  export { generate } from './src/model/generation/generate.ts';`);
const tf = await loadEngine(engine);
const model = new CausalModel(config, randomParameters(tf, familyOf(config).parameterShapes(config)));
const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const start = performance.now();
model.turn();
tell({ startSeconds: (performance.now() - start) / 1000 });
for await (const line of createInterface({ input: process.stdin })) {
  const { batch } = JSON.parse(line);
  if (batch === undefined) break;
  const start = performance.now();
  const replies = await generate(model, batches[batch], { maxNewTokens: tokens, endOfText: -1 });
  tell({ replies: replies.length, seconds: (performance.now() - start) / 1000 });
}
tell({ peakBytes: process.resourceUsage().maxRSS * 1024 });
process.exit(0);
