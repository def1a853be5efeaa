import type { ObjectStore, StoredArtifact } from '../../../cache/objects/object-store.ts';
import { type Exchange, LostObject } from '../../../cache/remote/exchange.ts';
import type { SpecArtifact, StageSpec } from '../../../contract/attempt/spec.ts';
import { StageError } from '../../../contract/stage-context.ts';
import { type Digested, isDigest } from '../../../files/digest.ts';

/**
 * Sees to it that a job finds in the store all that its spec names by digest, and the spec. Gives what the job has to be told: the
 * spec's digest. Throws a StageError if an input is lost, another Error while the store cannot be used.
 */
export async function sendOrder(
  spec: StageSpec,
  exchange: Exchange,
  objects: ObjectStore,
  signal: AbortSignal,
): Promise<Digested> {
  const { inputs, collections } = spec.toBring ?? { inputs: {}, collections: {} };
  const named = [inputs, ...Object.values(collections)].flatMap((group) => Object.entries(group));
  for (const [name, artifact] of named) {
    try {
      await exchange.send(stored(artifact), objects, signal);
    } catch (error) {
      if (!(error instanceof LostObject)) throw error;
      throw new StageError(`the input ${name} cannot be sent: ${error.message}`, {
        hint: 'What made it has to run again: pipe run --force STAGE',
      });
    }
  }
  if (spec.own) await exchange.send(await objects.put(spec.own.bundle, 'file'), objects, signal);
  return await exchange.sendText(JSON.stringify(spec), signal);
}

function stored({ digest, ...artifact }: SpecArtifact): StoredArtifact {
  if (!isDigest(digest)) throw new Error(`${digest} is no digest`);
  return { ...artifact, digest };
}
