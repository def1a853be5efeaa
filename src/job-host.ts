// A job on a machine that shares no folder with the runner: node dist/job-host.cjs, told by PIPE_JOB what to do
import { join } from 'node:path';
import { LocalExecutor } from './runner/executor/local-executor.ts';
import { runJob } from './runner/executor/through-store/run-job.ts';

const executor = new LocalExecutor(join(import.meta.dirname, 'stage-host.cjs'), async (wanted) =>
  (await import('./engine/choose-engine.ts')).chooseEngine(wanted),
);
void runJob(process.env, executor).then((code) => process.exit(code));
