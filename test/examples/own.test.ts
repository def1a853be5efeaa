import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readGuide } from '../guides/guide.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const FILES = ['own-program', 'own-stage'].flatMap((name) => readGuide(name).files);

describe('the examples of programs and stages of one’s own', () => {
  it.each(FILES.map(({ path, text }) => [path, text]))('%s is what its guide shows', (path, text) => {
    expect(readFileSync(join(ROOT, path), 'utf8')).toBe(text);
  });
});
