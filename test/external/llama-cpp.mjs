// Asks llama.cpp through node-llama-cpp, in a process of its own because llama.cpp ends its process where it dislikes
// a file. Argument: the folder whose node_modules has node-llama-cpp. Standard input: {path, texts, sequences, greedy};
// standard output, after a line MARK: {tokens: ids of each text, choices: its choice after each token of each sequence,
// replies: ids that follow each of `greedy`}.
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

const [, , folder, name = 'node-llama-cpp'] = process.argv;
const require = createRequire(join(resolve(folder), 'package.json'));
const { getLlama } = await import(pathToFileURL(require.resolve(name)).href);
const { path, texts, sequences, greedy, newTokens } = JSON.parse(await text(process.stdin));

const llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: 'error' });
const model = await llama.loadModel({ modelPath: path });

/** A context holds the keys and values of earlier tokens, so every question has a new one. */
async function inNewContext(ask) {
  const context = await model.createContext({ contextSize: model.trainContextSize, threads: 1 });
  try {
    return await ask(context.getSequence());
  } finally {
    await context.dispose();
  }
}

const choices = [];
for (const ids of sequences) {
  const steps = ids.map((id) => [id, { generateNext: { token: true, options: { temperature: 0 } } }]);
  const answers = await inNewContext((sequence) => sequence.controlledEvaluate(steps));
  choices.push(answers.map((answer) => answer.next.token));
}
const replies = [];
for (const ids of greedy) {
  const reply = await inNewContext(async (sequence) => {
    const found = [];
    for await (const id of sequence.evaluate(ids, { temperature: 0, yieldEogToken: true })) {
      found.push(id);
      if (found.length === newTokens) break;
    }
    return found;
  });
  replies.push(reply);
}
const tokens = texts.map((value) => [...model.tokenize(value, false)]);
await model.dispose();
console.log(`MARK\n${JSON.stringify({ tokens, choices, replies })}`);
process.exit(0);
