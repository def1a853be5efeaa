// The process that does the work of one stage: node dist/stage-host.js <spec.json>
import { runStageHost } from './runner/stage-process/host.ts';
import { stageTypes } from './stages/index.ts';

await runStageHost(process.argv[2], stageTypes);
