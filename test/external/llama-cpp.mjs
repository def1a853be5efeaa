// Asks llama.cpp through node-llama-cpp, in a process of its own because llama.cpp ends its process where it dislikes
// a file. Arguments: the folder whose node_modules has node-llama-cpp, the JSON file with the question, the file to write the answer to. Both are
// described in llama-cpp.ts. Keys and values are kept in float32, as ours are.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , folder, question, answer, name = 'node-llama-cpp'] = process.argv;
const require = createRequire(join(resolve(folder), 'package.json'));
const { getLlama } = await import(pathToFileURL(require.resolve(name)).href);
const {
  path,
  texts = [],
  special = false,
  sequences = [],
  greedy = [],
  newTokens = 0,
  scored = [],
} = JSON.parse(readFileSync(question, 'utf8'));

const llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: 'error' });
const model = await llama.loadModel({ modelPath: path });

/** A context holds the keys and values of earlier tokens, so every question has a new one. */
async function inNewContext(length, ask) {
  const context = await model.createContext({
    contextSize: Math.min(model.trainContextSize, length + 8),
    threads: 1,
    flashAttention: false,
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
  });
  try {
    return await ask(context.getSequence());
  } finally {
    await context.dispose();
  }
}

const choices = [];
for (const ids of sequences) {
  const steps = ids.map((id) => [id, { generateNext: { token: true, options: { temperature: 0 } } }]);
  const answers = await inNewContext(ids.length, (sequence) => sequence.controlledEvaluate(steps));
  choices.push(answers.map((answer) => answer.next.token));
}
const replies = [];
for (const ids of greedy) {
  const reply = await inNewContext(ids.length + newTokens, async (sequence) => {
    const found = [];
    for await (const id of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
      found.push(id);
      if (found.length === newTokens || model.isEogToken(id)) break;
    }
    return found;
  });
  replies.push(reply);
}
const scores = [];
for (const ids of scored) {
  const steps = ids.map((id, i) => (i < ids.length - 1 ? id : [id, { generateNext: { logits: true } }]));
  const answers = await inNewContext(ids.length, (sequence) => sequence.controlledEvaluate(steps));
  const { logits } = answers.at(-1).next;
  const values = new Float32Array(logits.size);
  for (const [id, value] of logits) values[id] = value;
  scores.push(Buffer.from(values.buffer).toString('base64'));
}
const tokens = texts.map((value) => [...model.tokenize(value, special)]);
writeFileSync(answer, JSON.stringify({ tokens, choices, replies, scores }));
process.exit(0);
