import type { StageType } from '../contract/stage-type.ts';
import { download } from './download.ts';

const all: readonly StageType[] = [download];

/** Every built-in stage type by the name that a pipeline gives under `uses`. */
export const stageTypes: ReadonlyMap<string, StageType> = new Map(all.map((type) => [type.uses, type]));
