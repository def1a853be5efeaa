import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Judgement } from './judgement.ts';

const FILE = 'finished.ndjson';

/**
 * The judgements that are finished, kept in the attempt's work directory as NDJSON, each synced to disk before
 * it counts. The first line names the model's digest: what another model said is never taken over.
 */
export class FinishedItems {
  readonly judgements = new Map<number, Judgement>();
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Opens the attempt's own file and takes over what earlier attempts (newest first) had finished. */
  static async open(
    directory: string,
    earlier: readonly string[],
    modelDigest: string,
  ): Promise<FinishedItems> {
    const items = new FinishedItems(await open(join(directory, FILE), 'a'));
    await items.#append(JSON.stringify({ model_digest: modelDigest }));
    for (const other of earlier) {
      for (const judgement of await readFinished(join(other, FILE), modelDigest)) {
        if (!items.judgements.has(judgement.index)) await items.add(judgement);
      }
    }
    return items;
  }

  async add(judgement: Judgement): Promise<void> {
    await this.#append(JSON.stringify(judgement));
    this.judgements.set(judgement.index, judgement);
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #append(line: string): Promise<void> {
    await this.#file.appendFile(`${line}\n`);
    await this.#file.datasync();
  }
}

async function readFinished(path: string, modelDigest: string): Promise<Judgement[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  // A line that a crash cut short has no line feed after it.
  const [header, ...lines] = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  if (header !== JSON.stringify({ model_digest: modelDigest })) return [];
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}
