import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { StageError } from '../../../contract/stage-context.ts';

const PACKAGE = 'node-llama-cpp';

/** The part of node-llama-cpp 3 that a judge uses; the package is optional, so its types may not be there. */
export interface LlamaPackage {
  getLlama(options: {
    readonly gpu: 'auto';
    readonly build: 'never';
    readonly logLevel: 'error';
    readonly maxThreads: number;
  }): Promise<Llama>;
  readonly LlamaChatSession: new (options: { readonly contextSequence: unknown }) => ChatSession;
}

export interface Llama {
  loadModel(options: { readonly modelPath: string; readonly loadSignal: AbortSignal }): Promise<LlamaModel>;
  createGrammarForJsonSchema(schema: object): Promise<unknown>;
  getGrammarFor(name: 'json'): Promise<unknown>;
  dispose(): Promise<void>;
}

export interface LlamaModel {
  /** Tokens of the contexts that it was trained on. */
  readonly trainContextSize: number;
  tokenize(text: string): readonly number[];
  createContext(options: { readonly contextSize: number }): Promise<LlamaContext>;
}

interface LlamaContext {
  getSequence(): unknown;
  dispose(): Promise<void>;
}

interface ChatSession {
  promptWithMeta(
    text: string,
    options: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly responseText: string; readonly stopReason: string }>;
}

/** Loads the package. Throws StageError if it is not installed. */
export async function loadLlamaPackage(): Promise<LlamaPackage> {
  llamaVersion();
  return await import(PACKAGE);
}

/** The version of the package that is installed where Node looks for it. Throws StageError if there is none. */
export function llamaVersion(): string {
  const folders = createRequire(import.meta.url).resolve.paths(PACKAGE) ?? [];
  // Its exports hide package.json from require.
  const file = folders.map((folder) => join(folder, PACKAGE, 'package.json')).find(existsSync);
  if (file === undefined) {
    throw new StageError(
      'A judge of kind llama-cpp needs the package node-llama-cpp, which is not installed.',
      {
        hint: 'Install it next to pipe: npm install node-llama-cpp@3',
      },
    );
  }
  return String(JSON.parse(readFileSync(file, 'utf8')).version);
}
