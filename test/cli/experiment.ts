import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { writeOpenAiCheckpoint } from '../fixtures/openai-checkpoint.ts';
import { type FileServer, startFileServer } from '../servers/file-server.ts';
import { type ChatBody, type OllamaServer, startOllamaServer } from '../servers/ollama-server.ts';
import { Project } from './rig.ts';

const PIPELINES = resolve(import.meta.dirname, '../../pipelines');

/** A GPT-2 that trains in seconds, with the real vocabulary and the book's context length. */
const SIZE = { n_layer: 2, n_head: 2, n_embd: 16 };
const TINY = { ...SIZE, n_positions: 1024, vocab_size: 50257 };

/** A judge whose score depends on nothing but the question, as a greedy model's does. */
function scoreByContent({ messages }: ChatBody): string {
  const question = messages.at(-1)!.content;
  if (!question.endsWith('Respond with the integer number only.')) return 'A sound answer, but a short one.';
  return String(createHash('sha256').update(question).digest().readUInt16BE() % 101);
}

/**
 * What alpaca-gpt2-medium.yaml needs of the world, on this machine: the records and a small random checkpoint in
 * OpenAI's format behind an HTTP server, and a server that speaks Ollama's API. `arguments` override URLs, model
 * size and epochs, and nothing else.
 */
export class Experiment {
  readonly project: Project;
  readonly files: FileServer;
  readonly ollama: OllamaServer;
  readonly #served: string;

  private constructor(project: Project, files: FileServer, ollama: OllamaServer, served: string) {
    this.project = project;
    this.files = files;
    this.ollama = ollama;
    this.#served = served;
  }

  static async start(records: string): Promise<Experiment> {
    const served = mkdtempSync(join(tmpdir(), 'pipe-served-'));
    writeFileSync(join(served, 'instruction-data.json'), records);
    await writeOpenAiCheckpoint(join(served, 'tiny'), TINY, 7);
    // The pipeline pins the book's records; other ones come with their own digest.
    const digest = createHash('sha256').update(records).digest('hex');
    const pipeline = readFileSync(join(PIPELINES, 'alpaca-gpt2-medium.yaml'), 'utf8').replace(
      /sha256: "[0-9a-f]{64}"/,
      `sha256: "${digest}"`,
    );
    const project = new Project({ 'alpaca.yaml': pipeline });
    return new Experiment(
      project,
      await startFileServer(served),
      await startOllamaServer(scoreByContent),
      served,
    );
  }

  get arguments(): string[] {
    return [
      ['stages.download.with.url', `${this.files.url}/instruction-data.json`],
      ['stages.pretrained.with.url', `${this.files.url}/tiny/`],
      ['stages.pretrained.with.model', JSON.stringify({ use: 'gpt2-medium', ...SIZE })],
      ['stages.judge.with.url', this.ollama.url],
      ['epochs', '1'],
    ].flatMap(([path, value]) => ['--set', `${path}=${value}`]);
  }

  /** Runs the pipeline of this experiment with further arguments. */
  run(...further: string[]): ReturnType<Project['run']> {
    return this.project.run(['alpaca.yaml', ...this.arguments, '--engine', 'wasm', ...further]);
  }

  async stop(): Promise<void> {
    await this.files.close();
    await this.ollama.close();
    this.project.remove();
    rmSync(this.#served, { recursive: true, force: true });
  }
}
