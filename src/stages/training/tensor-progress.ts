import type { StageContext } from '../../contract/stage-context.ts';
import type { TensorSource } from '../../model/files/safetensors.ts';

/** The same tensors; each that is read is told as progress, unless the run is cancelled before. */
export function withProgress(
  sources: readonly TensorSource[],
  { signal, progress }: Pick<StageContext<unknown>, 'signal' | 'progress'>,
): TensorSource[] {
  let done = 0;
  return sources.map((source) => {
    const bytes = async () => {
      signal.throwIfAborted();
      const values = await source.bytes();
      progress({ done: ++done, total: sources.length, unit: 'tensors' });
      return values;
    };
    return { ...source, bytes };
  });
}
