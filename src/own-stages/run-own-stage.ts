import { writeFile } from 'node:fs/promises';
import { messageOf } from '../contract/message-of.ts';
import type { OwnCode } from '../contract/own-code.ts';
import { METRICS_OUTPUT } from '../contract/own-metrics/declared-metric.ts';
import { MetricCollector, MetricProblem } from '../contract/own-metrics/metric-collector.ts';
import { metricsFileText } from '../contract/own-metrics/metrics-file.ts';
import { type StageContext, StageError } from '../contract/stage-context.ts';
import type { OwnStage, OwnStageContext } from './api.ts';
import { declarationOf } from './declaration.ts';
import { loadBundle } from './load-bundle.ts';

/** By name; the schema was checked when the pipeline was read. */
type Settings = Readonly<Record<string, unknown>>;

/** Does the work of an own stage, in the process of the stage. Throws a StageError for what its code throws. */
export async function runOwnStage(code: OwnCode, context: StageContext<Settings>): Promise<void> {
  try {
    const exported = loadBundle(code);
    const collector = new MetricCollector(declarationOf(exported).metrics);
    const { run } = exported as OwnStage<Readonly<Record<string, object>>>; // looked at by declarationOf
    await run(ownContext(context, collector));
    await finish(collector, context);
  } catch (error) {
    if (context.signal.aborted || error instanceof StageError) throw error;
    if (error instanceof MetricProblem)
      throw new StageError(error.message, error.hint === undefined ? {} : { hint: error.hint });
    throw thrown(error, code);
  }
}

function ownContext(context: StageContext<Settings>, collector: MetricCollector): OwnStageContext<Settings> {
  const { metric } = context;
  return {
    settings: context.settings,
    inputs: context.inputs,
    collections: context.collections,
    outputs: context.outputs,
    workDirectory: context.workDirectory,
    earlierWorkDirectories: context.earlierWorkDirectories,
    scratchDirectory: context.scratchDirectory,
    signal: context.signal,
    environment: context.environment,
    secret: context.secret,
    progress: context.progress,
    log: context.log,
    warn: context.warnOfResult,
    metric: (name, value, item) => {
      if (value !== null && !Number.isFinite(value))
        throw new MetricProblem(
          `the metric \`${name}\` is ${value}, which is no number; null says that it could not be had`,
        );
      collector.add({ name, value, ...(item !== undefined && { item: String(item) }) });
      if (item === undefined && value !== null) metric(name, value);
    },
  };
}

async function finish(
  collector: MetricCollector,
  { outputs, metric }: StageContext<Settings>,
): Promise<void> {
  const measured = collector.measured();
  for (const { name, value, items } of measured)
    if (items !== undefined && value !== null) metric(name, value);
  const file = outputs[METRICS_OUTPUT];
  if (measured.length > 0 && file !== undefined) await writeFile(file, metricsFileText(measured));
}

/** A fault of the stage's code, not of pipe: the line of the user's file says more than our stack. */
function thrown(error: unknown, { file, bundle }: OwnCode): StageError {
  console.error(error);
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const place = /\(?((?:\/|file:)[^()\n]+:\d+:\d+)\)?/.exec(stack.split(bundle).join(file))?.[1];
  return new StageError(
    `The stage threw ${error instanceof Error ? error.name : 'something'}: ${messageOf(error)}`,
    {
      hint:
        place === undefined
          ? `Its code is in ${file}.`
          : `It was thrown at ${place}. The whole stack is in the log.`,
      cause: error,
    },
  );
}
