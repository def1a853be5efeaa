import { readFile, stat } from 'node:fs/promises';
import { insteadOfFile, readJsonObject } from '../json-file.ts';
import { ModelFileError } from '../model-file-error.ts';
import { type FolderToken, type FolderVocabulary, folderVocabulary, shown } from './folder-vocabulary.ts';
import { type TokenizerSettings, withSettings } from './tokenizer-settings.ts';

export const VOCABULARY = 'vocab.json';
export const MERGES = 'merges.txt';

/** Ten times those of the largest vocabularies in use. */
export const MAX_VOCABULARY_BYTES = 64 * 2 ** 20;

/**
 * Reads vocab.json and merges.txt, as GPT-2 was published. `added`: tokens that other files of the folder add. Throws
 * ModelFileError.
 */
export async function readVocabularyFiles(
  vocabularyPath: string,
  mergesPath: string,
  added: (vocabulary: Readonly<Record<string, unknown>>) => readonly FolderToken[],
  settings: TokenizerSettings,
): Promise<FolderVocabulary> {
  const vocabulary = await readJsonObject(vocabularyPath, VOCABULARY, MAX_VOCABULARY_BYTES);
  const pairs = await readMerges(mergesPath);
  const own = added(vocabulary);
  const known = new Map([...Object.entries(vocabulary), ...own.map(({ text, id }) => [text, id] as const)]);
  const parts = withSettings(undefined, settings, known);
  return folderVocabulary(VOCABULARY, vocabulary, MERGES, pairs, own, parts);
}

async function readMerges(path: string): Promise<[string, string][]> {
  const { size } = await stat(path);
  if (size > MAX_VOCABULARY_BYTES) throw ModelFileError.of(MERGES, `${size} bytes are too many for it`);
  const text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  const instead = insteadOfFile(text);
  if (instead !== undefined)
    throw ModelFileError.of(MERGES, `${instead}, not pairs of tokens`, 'Download the file again.');
  const lines = text.split(/\r?\n/);
  return lines.flatMap((line, i): [string, string][] => {
    if (line === '' || (i === 0 && line.startsWith('#version'))) return [];
    const [left, right, ...more] = line.split(' ');
    if (left && right && more.length === 0) return [[left, right]];
    throw ModelFileError.of(
      MERGES,
      `line ${i + 1}, ${shown(line)}, is not two tokens with a space between them`,
    );
  });
}
