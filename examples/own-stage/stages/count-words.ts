import { readFile, writeFile } from 'node:fs/promises';
import { defineStage, StageError } from '@pipe-ml/pipe/stage';
import { wordsOf } from './words.ts';

export default defineStage({
  apiVersion: 1,
  summary: 'Counts the long words of a text.',
  settings: {
    least: { type: 'integer', minimum: 1, default: 4, description: 'Letters that a long word has at least.' },
    most: { type: 'integer', default: 30, description: 'Letters that it has at most.' },
  },
  checks: [{ setting: 'least', is: '<', other: 'most' }],
  inputs: { text: { artifact: 'file', description: 'Any text.' } },
  outputs: { words: { artifact: 'file', description: 'The long words, one a line.' } },
  metrics: { share: { unit: 'of 1', better: 'higher', scale: { low: 0, high: 1 } } },
  async run({ settings, inputs, outputs, progress, metric, warn }) {
    const words = wordsOf(await readFile(inputs.text!.path, 'utf8'));
    if (words.length === 0)
      throw new StageError('the text is empty', { hint: 'Give another file as `text`.' });
    const long: string[] = [];
    for (const [index, word] of words.entries()) {
      const isLong = word.length >= settings.least && word.length <= settings.most;
      if (isLong) long.push(word);
      metric('share', isLong ? 1 : 0, index);
      progress({ done: index + 1, total: words.length, unit: 'words' });
    }
    if (long.length === 0) warn('no word is long');
    await writeFile(outputs.words!, `${long.join('\n')}\n`);
  },
});
