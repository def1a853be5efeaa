import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';

/** What llama.cpp is asked about a GGUF file. */
export interface LlamaQuestion {
  readonly path: string;
  readonly texts?: readonly string[];
  /** Whether tokens that steer count in these texts. */
  readonly special?: boolean;
  readonly sequences?: readonly (readonly number[])[];
  /** Tokens to reply to, greedily, with at most `newTokens`. */
  readonly greedy?: readonly (readonly number[])[];
  readonly newTokens?: number;
  readonly scored?: readonly (readonly number[])[];
}

export interface LlamaAnswer {
  /** Ids of each text. */
  readonly tokens: readonly number[][];
  /** Its choice after each token of each sequence. */
  readonly choices: readonly number[][];
  readonly replies: readonly number[][];
  /** Of all tokens, after the last one of each of `scored`. */
  readonly scores: readonly Float32Array[];
}

/** Asks llama.cpp. `folder`: the one in which node-llama-cpp is installed. */
export async function askLlama(folder: string, question: LlamaQuestion): Promise<LlamaAnswer> {
  const directory = mkdtempSync(join(tmpdir(), 'pipe-llama-'));
  try {
    const [asked, answer] = [join(directory, 'question.json'), join(directory, 'answer.json')];
    writeFileSync(asked, JSON.stringify(question));
    await execa(process.execPath, [join(import.meta.dirname, 'llama-cpp.mjs'), folder, asked, answer]);
    const { scores, ...rest }: Omit<LlamaAnswer, 'scores'> & { readonly scores: readonly string[] } =
      JSON.parse(readFileSync(answer, 'utf8'));
    const floats = scores.map(
      (base64) => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer),
    );
    return { ...rest, scores: floats };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
