import { writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { attemptFiles } from '../../../contract/attempt/attempt-files.ts';
import type { StageSpec } from '../../../contract/attempt/spec.ts';
import type { StageEvent } from '../../../contract/attempt/stage-event.ts';
import type { Volume } from '../../../contract/executor/kubernetes-profile.ts';
import type { JsonObject } from '../../../contract/json.ts';
import { StageError } from '../../../contract/stage-context.ts';
import { attemptEvents, FROM_AFAR } from '../attempt-events.ts';
import { failed, readResult } from '../attempt-result.ts';
import type { AttemptResult } from '../executor.ts';
import { preventStart, quoted } from '../job-script.ts';
import { endOf } from './attempt-end.ts';
import type { EndedPod, Meeting, PodParts } from './meeting.ts';
import { startScript, startScriptFile } from './start-script.ts';

/** The result stays on the volume, so nobody needs the Job. */
const KEPT_FINISHED_S = 900;

/** The attempt's directory, which the pod sees on a volume under the same path. */
export class SharedFolder implements Meeting {
  readonly reference = {};
  readonly #volume: Volume;
  readonly #directory: string;
  readonly #log: string;

  constructor(volume: Volume, attemptDirectory: string, log: string) {
    this.#volume = volume;
    this.#directory = attemptDirectory;
    this.#log = log;
  }

  async prepare({ attemptDirectory }: StageSpec): Promise<PodParts> {
    this.#requireOnVolume();
    const file = startScriptFile(attemptDirectory);
    await writeFile(file, startScript(attemptDirectory, this.#log));
    const subPath = 'sub_path' in this.#volume ? { subPath: this.#volume.sub_path } : {};
    return {
      script: `exec /bin/sh ${quoted(file)}`,
      env: [],
      volumes: [{ name: 'artifacts', ...volumeSource(this.#volume) }],
      volumeMounts: [{ name: 'artifacts', mountPath: this.#volume.path, ...subPath }],
      container: {},
      keptFinished: KEPT_FINISHED_S,
    };
  }

  async prevent(): Promise<boolean> {
    return preventStart(this.#directory);
  }

  async askToStop(): Promise<boolean> {
    writeFileSync(attemptFiles(this.#directory).cancel, '');
    return false;
  }

  events(ended: Promise<unknown>): AsyncIterable<StageEvent> {
    return attemptEvents(attemptFiles(this.#directory).events, ended, FROM_AFAR);
  }

  saw(): void {}

  async result(): Promise<AttemptResult | undefined> {
    return await readResult(this.#directory);
  }

  async end({ exitCode, asked }: EndedPod): Promise<AttemptResult> {
    return await endOf(this.#directory, exitCode, this.#log, asked);
  }

  gone(): AttemptResult {
    return failed({
      message: 'its Job is gone, and left no result',
      hint: 'Somebody or something in the cluster deleted it. Run again.',
    });
  }

  #requireOnVolume(): void {
    const { path } = this.#volume;
    if (!relative(path, this.#directory).startsWith('..')) return;
    throw new StageError(
      `the artifacts folder is not on the volume that the pods see: ${this.#directory} is not below ${path}`,
      {
        hint: `Mount the volume here under ${path} too, and put the artifacts there: --artifacts ${path}/artifacts`,
      },
    );
  }
}

function volumeSource(volume: Volume): JsonObject {
  if ('claim' in volume) return { persistentVolumeClaim: { claimName: volume.claim } };
  if ('nfs' in volume) return { nfs: { server: volume.nfs.server, path: volume.nfs.export } };
  return { hostPath: { path: volume.host_path, type: 'Directory' } };
}
