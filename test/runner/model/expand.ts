import type { Axis, OutputName, PipelineSketch, StageSketch } from './sketch.ts';

/** Values of swept parameters by name. */
export type Point = Readonly<Record<string, number>>;

export type Source =
  | { readonly name: string; readonly kind: 'file'; readonly file: string }
  | { readonly name: string; readonly kind: 'output'; readonly stage: string; readonly output: OutputName }
  /** `stages`: label of the variant -> id. */
  | {
      readonly name: string;
      readonly kind: 'each';
      readonly stages: readonly (readonly [label: string, stage: string])[];
      readonly output: OutputName;
      readonly optional: boolean;
    };

/** A stage of one variant, or of several where it comes out the same. */
export interface Instance {
  readonly id: string;
  readonly sketch: StageSketch;
  /** The parameters that its settings hold. */
  readonly point: Point;
  readonly sources: readonly Source[];
}

/** What the pipeline language makes of a sketch with a sweep, from its description in the reference alone. */
export function expand(pipeline: PipelineSketch): Instance[] {
  const points = pointsOf(pipeline.axes);
  const varying = new Map<string, readonly string[]>();
  /** Stage -> for each point the id of its instance. */
  const ids = new Map<string, readonly string[]>();
  return pipeline.stages.flatMap((sketch) => {
    const axes = axesOf(sketch, pipeline.axes, varying);
    varying.set(sketch.name, axes);
    const labels = points.map((point) => labelOf(point, axes));
    const several = new Set(labels).size > 1;
    const idOf = (label: string) => (several ? `${sketch.name}[${label}]` : sketch.name);
    ids.set(sketch.name, labels.map(idOf));
    return [...new Set(labels)].map((label): Instance => {
      const index = labels.indexOf(label);
      const own = sketch.collects ? [] : sketch.axes.filter((axis) => axes.includes(axis));
      return {
        id: idOf(label),
        sketch,
        point: Object.fromEntries(own.map((axis) => [axis, points[index]![axis]!])),
        sources: sourcesOf(sketch, points, ids, index),
      };
    });
  });
}

/** The ids of the stages that an instance reads from. */
export function producersOf(instance: Instance): string[] {
  return instance.sources.flatMap((source) => {
    if (source.kind === 'output') return [source.stage];
    return source.kind === 'each' ? source.stages.map(([, stage]) => stage) : [];
  });
}

/** The wanted stages with all that they need; everything when nothing is named. */
export function select(instances: readonly Instance[], only: readonly string[] | undefined): Instance[] {
  if (only === undefined) return [...instances];
  const wanted = new Set(only);
  for (const instance of [...instances].reverse()) {
    if (wanted.has(instance.id)) for (const producer of producersOf(instance)) wanted.add(producer);
  }
  return instances.filter(({ id }) => wanted.has(id));
}

function sourcesOf(
  sketch: StageSketch,
  points: readonly Point[],
  ids: ReadonlyMap<string, readonly string[]>,
  index: number,
): Source[] {
  return sketch.inputs.map((input): Source => {
    if ('file' in input) return { name: input.name, kind: 'file', file: input.file };
    const producers = ids.get(input.stage)!;
    const { name, output } = input;
    if (!sketch.collects) return { name, kind: 'output', stage: producers[index]!, output };
    const stages = points.map((point, at) => [labelOf(point, Object.keys(point)), producers[at]!] as const);
    return { name, kind: 'each', stages, output, optional: sketch.optional };
  });
}

/** The swept parameters that a stage depends on, itself or through its inputs, in the order of the file. */
function axesOf(
  { axes, inputs, collects }: StageSketch,
  all: readonly Axis[],
  varying: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  if (collects) return [];
  const upstream = inputs.flatMap((input) => ('file' in input ? [] : varying.get(input.stage)!));
  return all.map(({ name }) => name).filter((name) => axes.includes(name) || upstream.includes(name));
}

function pointsOf(axes: readonly Axis[]): Point[] {
  return axes.reduce<Point[]>(
    (points, { name, values }) =>
      points.flatMap((point) => values.map((value) => ({ ...point, [name]: value }))),
    [{}],
  );
}

function labelOf(point: Point, axes: readonly string[]): string {
  return axes.map((axis) => `${axis}=${point[axis]}`).join(',');
}
