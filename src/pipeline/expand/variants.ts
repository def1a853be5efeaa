import type { Diagnostic } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import type { InputSource, Stage } from '../pipeline.ts';
import { orderByNeeds } from '../resolve/graph.ts';
import { checkInputs } from '../resolve/inputs.ts';
import { type ResolveContext, resolveStage } from '../resolve/resolve-stage.ts';
import type { InputReference, StageDraft } from '../resolve/stage-draft.ts';
import type { Entry } from '../yaml/value.ts';
import type { Point } from './sweep.ts';

/** The stages of one variant by name. */
interface ResolvedPoint {
  readonly point: Point;
  readonly drafts: ReadonlyMap<string, StageDraft>;
}

/**
 * Resolves the stages of every variant and checks how they hang together. Stages that come out the same in
 * several variants are one stage. Empty where something was wrong, now or before.
 */
export function resolveVariants(
  stages: ReadonlyMap<string, Entry>,
  points: readonly Point[],
  context: ResolveContext,
): readonly Stage[] {
  const { diagnostics } = context;
  const swept = new Map<string, ReadonlySet<string>>();
  const resolved = resolvePoints(stages, points, swept, context);
  // Each hint compares a name with all others, which is worth it only where it can be shown.
  for (const { drafts } of resolved)
    for (const draft of drafts.values()) if (!diagnostics.isFull) checkInputs(draft, drafts, context);
  const needs = new Map([...stages.keys()].map((name) => [name, edgesOf(name, resolved)]));
  const { order, cycles } = orderByNeeds(needs);
  for (const cycle of cycles) diagnostics.add(cycle);
  const varying = sweptUpstream(order, swept, resolved, diagnostics);
  refuseEmptyCollections(resolved, diagnostics);
  const made = diagnostics.isEmpty ? order.flatMap(instanceMaker(resolved, varying)) : [];
  if (made.length === 0 && diagnostics.isEmpty) diagnostics.add(allLeftOut(resolved));
  return made;
}

/** A collection needs one variant at least whose producer is there. */
function refuseEmptyCollections(resolved: readonly ResolvedPoint[], diagnostics: DiagnosticList): void {
  const isLeftOut = (stage: string) =>
    resolved.every(({ drafts }) => drafts.get(stage)?.leftOut !== undefined);
  for (const { drafts } of resolved)
    for (const { name, inputs } of drafts.values())
      for (const input of inputs?.values() ?? []) {
        if (input.kind !== 'each' || !input.optional || !isLeftOut(input.stage)) continue;
        diagnostics.add({
          code: 'left-out',
          message: `stage \`${name}\` collects \`${input.stage}.${input.output}\`, but \`${input.stage}\` is left out of every variant`,
          place: input.place,
          hint: `give \`${name}\` the same \`when\``,
        });
      }
}

function allLeftOut(resolved: readonly ResolvedPoint[]): Diagnostic {
  const first = [...resolved[0]!.drafts.values()][0]!;
  return {
    code: 'left-out',
    message: 'every stage is left out: the condition of each is false',
    place: first.leftOut!,
  };
}

/** Resolves each stage once for each combination of the swept parameters that it reads; notes those in `swept`. */
function resolvePoints(
  stages: ReadonlyMap<string, Entry>,
  points: readonly Point[],
  swept: Map<string, ReadonlySet<string>>,
  context: ResolveContext,
): readonly ResolvedPoint[] {
  const known = new Map<string, StageDraft>();
  const resolve = (name: string, entry: Entry, point: Point): StageDraft => {
    const reads = swept.get(name);
    const draft = reads && known.get(identity(name, reads, point));
    if (draft !== undefined) return draft;
    const { draft: fresh, used } = resolveStage(name, entry, point.params, context);
    const sweptHere = new Set([...point.parts.keys()].filter((param) => used.has(param) || used.has('*')));
    swept.set(name, sweptHere);
    known.set(identity(name, sweptHere, point), fresh);
    return fresh;
  };
  return points.map((point) => ({
    point,
    drafts: new Map([...stages].map(([name, entry]) => [name, resolve(name, entry, point)])),
  }));
}

function identity(name: string, params: ReadonlySet<string>, point: Point): string {
  return JSON.stringify([name, labelFor(params, point)]);
}

/** `learning_rate=0.00001,epochs=1`, of the given parameters only. */
function labelFor(params: ReadonlySet<string>, point: Point): string {
  return [...point.parts].flatMap(([name, part]) => (params.has(name) ? [part] : [])).join(',');
}

function edgesOf(name: string, resolved: readonly ResolvedPoint[]) {
  const edges = resolved.flatMap(({ drafts }) =>
    [...(drafts.get(name)?.inputs?.values() ?? [])].flatMap((input) =>
      input.kind === 'file' ? [] : [{ to: input.stage, place: input.place }],
    ),
  );
  return [...new Map(edges.map((edge) => [edge.to, edge])).values()];
}

/**
 * The swept parameters that each stage depends on, itself or through its inputs. A stage that collects over the
 * variants depends on none, and it is an error if it does.
 */
function sweptUpstream(
  order: readonly string[],
  swept: ReadonlyMap<string, ReadonlySet<string>>,
  resolved: readonly ResolvedPoint[],
  diagnostics: DiagnosticList,
): ReadonlyMap<string, ReadonlySet<string>> {
  const upstream = new Map<string, ReadonlySet<string>>();
  for (const name of order) {
    const inputs = resolved.flatMap(({ drafts }) => [...(drafts.get(name)?.inputs?.values() ?? [])]);
    const params = new Set(swept.get(name));
    for (const input of inputs) {
      if (input.kind === 'output') for (const param of upstream.get(input.stage) ?? []) params.add(param);
    }
    const each = inputs.find(({ kind }) => kind === 'each');
    if (each !== undefined && params.size > 0) {
      diagnostics.add({
        code: 'collector-varies',
        message: `stage \`${name}\` collects over all variants, so it cannot depend on \`${[...params][0]}\`, which is swept`,
        place: each.place,
        hint: 'take `{each: …}` for its other inputs too, and keep swept parameters out of its settings',
      });
    }
    upstream.set(name, params);
  }
  return upstream;
}

/** Gives the stages of a name, in the order of the variants; producers must have been asked for before. */
function instanceMaker(
  resolved: readonly ResolvedPoint[],
  varying: ReadonlyMap<string, ReadonlySet<string>>,
): (name: string) => readonly Stage[] {
  /** Stage name -> id for each variant; undefined for those that it is left out of. */
  const ids = new Map<string, readonly (string | undefined)[]>();

  /** Undefined where the producer is left out, which only an optional input bears. */
  const source = (input: InputReference, index: number): InputSource | undefined => {
    if (input.kind === 'file') {
      const { kind, path, place, exclude } = input;
      return { kind, path, place, ...(exclude && { exclude }) };
    }
    const producers = ids.get(input.stage)!;
    const producer = producers[index];
    if (input.kind === 'output')
      return producer === undefined ? undefined : { kind: 'output', stage: producer, output: input.output };
    const labelled = resolved.flatMap(({ point }, at) => {
      const producer = producers[at];
      return producer === undefined ? [] : [[point.label, producer]];
    });
    const optional = input.optional && { optional: input.optional };
    return { kind: 'each', output: input.output, stages: Object.fromEntries(labelled), ...optional };
  };

  return (name) => {
    const groups = new Map<string, { draft: StageDraft; inputs: Stage['inputs']; indexes: number[] }>();
    for (const [index, { drafts }] of resolved.entries()) {
      const draft = drafts.get(name)!;
      if (draft.leftOut !== undefined) continue;
      const inputs = Object.fromEntries(
        [...draft.inputs!].flatMap(([input, reference]) => {
          const from = source(reference, index);
          return from === undefined ? [] : [[input, from]];
        }),
      );
      const content = contentOf(draft, inputs);
      const group = groups.get(content);
      if (group === undefined) groups.set(content, { draft, inputs, indexes: [index] });
      else group.indexes.push(index);
    }
    const stages = [...groups.values()].map(({ draft, inputs, indexes }): Stage => {
      const label =
        groups.size === 1 ? '' : `[${labelFor(varying.get(name)!, resolved[indexes[0]!]!.point)}]`;
      return {
        id: `${name}${label}`,
        name,
        groups: draft.groups,
        variants: indexes.map((index) => resolved[index]!.point.label),
        type: draft.type!,
        settings: draft.settings!,
        inputs,
        outputs: draft.outputs!,
        env: draft.env,
        ...(draft.envValues && { envValues: draft.envValues }),
        ...(draft.pass && { pass: draft.pass }),
        secrets: draft.secrets,
        execution: draft.execution,
        place: draft.key,
      };
    });
    const idOf = new Map(
      stages.flatMap(({ id, variants }) => variants.map((variant) => [variant, id] as const)),
    );
    ids.set(
      name,
      resolved.map(({ point }) => idOf.get(point.label)),
    );
    return stages;
  };
}

/** Everything that two variants must have in common for a stage to be one; places do not count. */
function contentOf(draft: StageDraft, inputs: Stage['inputs']): string {
  const sources = Object.entries(inputs).map(([name, input]) =>
    input.kind === 'file' ? [name, input.path, input.exclude] : [name, { ...input }],
  );
  return JSON.stringify([
    draft.type!.uses,
    draft.settings,
    sources,
    draft.env,
    draft.envValues,
    draft.pass,
    draft.secrets,
    draft.execution,
  ]);
}
