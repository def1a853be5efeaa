import type { StageType } from '../contract/stage-type.ts';
import { command } from './command.ts';
import { download } from './download.ts';
import { dpo } from './dpo.ts';
import { duplicates } from './duplicates.ts';
import { exportStage } from './export.ts';
import { format } from './format.ts';
import { generate } from './generate.ts';
import { judge } from './judge.ts';
import { pretrained } from './pretrained.ts';
import { report } from './report.ts';
import { split } from './split.ts';
import { tokenize } from './tokenize.ts';
import { train } from './train.ts';

const all: readonly StageType[] = [
  command,
  download,
  dpo,
  duplicates,
  exportStage,
  format,
  generate,
  judge,
  pretrained,
  report,
  split,
  tokenize,
  train,
];

/** Every built-in stage type by the name that a pipeline gives under `uses`. */
export const stageTypes: ReadonlyMap<string, StageType> = new Map(all.map((type) => [type.uses, type]));
