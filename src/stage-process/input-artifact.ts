import { join } from 'node:path';
import type { SpecInput } from '../contract/attempt/spec.ts';
import type { InputArtifact } from '../contract/stage-context.ts';

/** What a stage is given of one input of its spec. */
export function inputArtifact(name: string, input: SpecInput): InputArtifact {
  if (input.artifact === 'file') {
    return { digest: input.digest, path: input.path, file: () => undefined, files: [] };
  }
  const { files, path } = input;
  return {
    digest: input.digest,
    get path(): string {
      if (path === undefined)
        throw new Error(`input ${name} is a directory that is read in place: use file()`);
      return path;
    },
    file: (relative) => {
      if (!Object.hasOwn(files, relative)) return undefined;
      return path === undefined ? files[relative] : join(path, relative);
    },
    files: Object.keys(files).sort(),
  };
}
