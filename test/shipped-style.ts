import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import { PromptStyle } from '../src/text/prompt/prompt-style-schema.ts';

/** A prompt style under configs/prompts. */
export function shippedStyle(name: string): PromptStyle {
  const path = join(import.meta.dirname, `../configs/prompts/${name}.yaml`);
  return Value.Decode(PromptStyle, parse(readFileSync(path, 'utf8')));
}
