import type { ObjectStore, StoredArtifact } from '../objects/object-store.ts';
import type { ActionRecord, RecordedOutput } from './action-record.ts';

/** File outputs up to this size are kept in the record too. */
const INLINE_BYTES = 64 * 1024;

/**
 * Stored outputs as a record holds them: small files with their bytes, as `utf-8:…` or `base64:…`. So a
 * machine that has the records but not the objects can remake reports, scores and settings: continuous
 * integration evaluates from records and one responses file, without gigabytes of weights.
 */
export async function inlineSmallOutputs(
  outputs: Readonly<Record<string, StoredArtifact>>,
  store: ObjectStore,
): Promise<Record<string, RecordedOutput>> {
  const recorded: [string, RecordedOutput][] = [];
  for (const [name, output] of Object.entries(outputs)) recorded.push([name, await inlined(output, store)]);
  return Object.fromEntries(recorded);
}

/**
 * Puts the inlined outputs of a record that are missing or damaged in the store back. Called before `contains`
 * or `locate` are asked for outputs of a record, so that they answer as if nothing had been lost.
 */
export async function restoreInline(
  { outputs }: Pick<ActionRecord, 'outputs'>,
  store: ObjectStore,
): Promise<void> {
  for (const { inline } of Object.values(outputs)) {
    if (inline !== undefined) await store.putBytes(decode(inline));
  }
}

async function inlined(output: StoredArtifact, store: ObjectStore): Promise<RecordedOutput> {
  if (output.artifact !== 'file' || output.bytes > INLINE_BYTES) return output;
  const bytes = await store.bytes(output);
  return bytes === undefined ? output : { ...output, inline: encode(bytes) };
}

function encode(bytes: Buffer): string {
  try {
    return `utf-8:${new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)}`;
  } catch {
    return `base64:${bytes.toString('base64')}`;
  }
}

function decode(inline: string): Buffer {
  const separator = inline.indexOf(':');
  const text = inline.slice(separator + 1);
  return Buffer.from(text, inline.slice(0, separator) === 'base64' ? 'base64' : 'utf8');
}
