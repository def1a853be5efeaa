import type { StageType } from '../contract/stage-type.ts';
import { command } from './command/command.ts';
import { download } from './download/download.ts';
import { dpo } from './dpo/dpo.ts';
import { exportStage } from './export/export.ts';
import { format } from './format/format.ts';
import { generate } from './generate/generate.ts';
import { judge } from './judge/judge.ts';
import { pretrained } from './pretrained/pretrained.ts';
import { report } from './report/report.ts';
import { duplicates } from './split/duplicates.ts';
import { split } from './split/split.ts';
import { tokenize } from './tokenize.ts';
import { train } from './train/train.ts';

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
