// The process that does the work of one stage: node dist/stage-host.cjs <spec.json>
// Or that looks at what a stage of the user's own declares: node dist/stage-host.cjs --declare <code> <file> <parent>
import type { OwnCode } from './contract/own-code.ts';
import { declareOwnStage } from './own-stages/declare.ts';
import { runOwnStage } from './own-stages/run-own-stage.ts';
import { runStageHost } from './stage-process/host.ts';
import { stageTypes } from './stages/index.ts';

const [first, ...rest] = process.argv.slice(2);
if (first === '--declare') {
  const [code, file, parent] = rest as [string, string, string];
  declareOwnStage(JSON.parse(code) as OwnCode, file, Number(parent));
} else {
  void runStageHost(first, {
    typeOf: ({ uses, own }) =>
      own === undefined ? stageTypes.get(uses) : { run: (context) => runOwnStage(own, context) },
    chooseEngine: async (wanted) => (await import('./engine/choose-engine.ts')).chooseEngine(wanted),
  });
}
