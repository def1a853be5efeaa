import { resolve } from 'node:path';
import type { ExecutorProfile } from '../../contract/executor/executor-profile.ts';
import { metricsOf } from '../../contract/stage-type.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { folderOf } from '../expand/folder-of.ts';
import type { ExecutionSettings, FailIf, Resources, Stage } from '../pipeline.ts';
import type { StageFields } from '../schema/pipeline-schema.ts';
import { get, locate, type Value } from '../yaml/value.ts';
import { parseBytes, parseDuration } from './parse-units.ts';

/** How a stage is run, from its fields; from none where they are wrong. `executor` is that of the pipeline. */
export function executionSettings(
  fields: StageFields | undefined,
  executor: ExecutorProfile | undefined,
): ExecutionSettings {
  const resources = resourcesOf(fields);
  return {
    resources,
    ...executorOf(fields?.executor, executor, resources),
    timeout: fields?.timeout === undefined ? undefined : parseDuration(fields.timeout),
    retries: fields?.retries ?? 0,
    ...(fields?.always && { always: true }),
  };
}

function resourcesOf(fields: StageFields | undefined): Resources {
  const slots = fields?.resources.slots;
  return {
    cpu: fields?.resources.cpu ?? 1,
    gpu: fields?.resources.gpu ?? 0,
    memory: fields === undefined ? 0 : parseBytes(fields.resources.memory),
    ...(slots !== undefined && Object.keys(slots).length > 0 && { slots }),
  };
}

/** Its own executor, else that of the pipeline if the stage is large enough for it. */
function executorOf(
  own: ExecutorProfile | undefined,
  ofPipeline: ExecutorProfile | undefined,
  resources: Resources,
): Pick<ExecutionSettings, 'executor'> {
  const executor = own ?? ofPipeline;
  if (executor === undefined || executor.kind === 'local') return {};
  const { cpu = 0, gpu = 0, memory = '0B' } = (own === undefined && executor.at_least) || {};
  const takes = resources.cpu >= cpu && resources.gpu >= gpu && resources.memory >= parseBytes(memory);
  return takes ? { executor } : {};
}

/** A stage type without metrics measures nothing that could be worse. */
export function failIfOf(
  body: Value,
  fields: StageFields | undefined,
  measuring: Pick<Stage, 'type' | 'settings'> | undefined,
  diagnostics: DiagnosticList,
): { readonly failIf?: FailIf } {
  const written = get(body, 'fail_if');
  if (written === undefined || fields?.fail_if === undefined || measuring === undefined) return {};
  const { type, settings } = measuring;
  if (metricsOf(type, settings).length === 0) {
    const message = `stage type \`${type.uses}\` measures nothing, so it cannot be worse than a baseline`;
    const hint = typeof type.metrics === 'function' && 'declare what it measures under `metrics`';
    diagnostics.add({ code: 'no-metric', message, place: written.place, ...(hint && { hint }) });
  }
  const { worse_than: baseline, by, error_rate: errorRate } = fields.fail_if;
  if (typeof baseline === 'string') return { failIf: { worseThan: { name: baseline }, by, errorRate } };
  const { value } = locate(body, ['fail_if', 'worse_than', 'file'], written.place);
  return { failIf: { worseThan: { file: resolve(folderOf(value), baseline.file) }, by, errorRate } };
}
