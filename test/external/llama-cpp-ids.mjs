// Writes the ids that llama.cpp gives texts, special tokens among them. Arguments: the folder in which node-llama-cpp is installed, the
// GGUF file, a JSON file with the texts, the file to write.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , folder, modelPath, textsPath, idsPath, name = 'node-llama-cpp'] = process.argv;
const require = createRequire(join(resolve(folder), 'package.json'));
const { getLlama } = await import(pathToFileURL(require.resolve(name)).href);
const llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: 'error' });
const model = await llama.loadModel({ modelPath, vocabOnly: true });
const texts = JSON.parse(readFileSync(textsPath, 'utf8'));
writeFileSync(idsPath, JSON.stringify(texts.map((text) => model.tokenize(text, true))));
process.exit(0);
