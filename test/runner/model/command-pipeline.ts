import { stringify } from 'yaml';
import { shellQuoted, workScript } from './command-script.ts';
import type { InputSketch, PipelineSketch, StageSketch } from './sketch.ts';

const OUTPUTS = { out: 'out', big: 'big', dir: { path: 'deep/dir', artifact: 'directory' } } as const;

/** A sketch as a pipeline file of `command` stages, which find the scripts' common part and their log in `directory`. */
export function pipelineYaml({ axes, stages }: PipelineSketch, directory: string): string {
  return stringify({
    schema: 1,
    name: 'model',
    params: Object.fromEntries(axes.map(({ name, values }) => [name, values[0]])),
    sweep: Object.fromEntries(axes.map(({ name, values }) => [name, values])),
    stages: Object.fromEntries(
      stages.map((stage) => {
        const own = axes.map(({ name }) => name).filter((name) => stage.axes.includes(name));
        return [stage.name, stageYaml(stage, stage.collects ? [] : own, directory)];
      }),
    ),
  });
}

function stageYaml(sketch: StageSketch, axes: readonly string[], directory: string) {
  const { work, type, inputs, resources } = sketch;
  // In the order in which `taskOf` writes it; the sweep fills in the values.
  const point = axes.map((axis) => `"${axis}":\${params.${axis}}`).join(',');
  const task = `${JSON.stringify({ type, work }).slice(0, -1)},"point":{${point}}}`;
  return {
    uses: 'command',
    inputs: Object.fromEntries(inputs.map((input) => [input.name, sourceOf(input, sketch)])),
    with: {
      run: workScript(work, shellQuoted(task), `{${point}}`, directory),
      outputs: Object.fromEntries(work.outputs.map((name) => [name, OUTPUTS[name]])),
    },
    retries: work.retries,
    resources: { ...resources, memory: `${resources.memory / 8}B` },
  };
}

function sourceOf(input: InputSketch, { collects, optional }: StageSketch): unknown {
  if ('file' in input) return { file: `./${input.file}` };
  const output = `${input.stage}.${input.output}`;
  return collects ? { each: output, ...(optional && { optional }) } : output;
}
