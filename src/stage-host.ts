// The process that does the work of one stage: node dist/stage-host.cjs <spec.json>
import { runStageHost } from './stage-process/host.ts';
import { stageTypes } from './stages/index.ts';

void runStageHost(process.argv[2], stageTypes);
