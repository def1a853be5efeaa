import { basename } from 'node:path';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { type DataFlow, edgesOf } from './graph-edges.ts';

export const GRAPH_FORMATS = ['text', 'mermaid', 'dot'] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

/** The stages and files of a pipeline and what flows between them, as lines. */
export function formatGraph(pipeline: Pipeline, format: GraphFormat): readonly string[] {
  return { text: textTree, mermaid, dot }[format](pipeline);
}

/**
 * A tree for each stage that no other needs, with what it needs below it. A stage that is needed several times
 * is drawn whole once.
 */
function textTree(pipeline: Pipeline): readonly string[] {
  const edges = edgesOf(pipeline);
  const uses = new Map(pipeline.stages.map((stage) => [stage.id, stage.type.uses]));
  const needed = new Set(edges.map(originStage));
  const drawn = new Set<string>();

  const below = (stage: string, indent: string): readonly string[] => {
    const inputs = edges.filter((edge) => edge.to === stage);
    return inputs.flatMap((edge, index) => {
      const last = index === inputs.length - 1;
      const branch = `${indent}${last ? '└─ ' : '├─ '}${edge.input}: `;
      if ('file' in edge.from) return [`${branch}file ${basename(edge.from.file)}`];
      const { stage: origin, output } = edge.from;
      return draw(origin, `${branch}${origin}.${output}`, `${indent}${last ? '   ' : '│  '}`);
    });
  };
  const draw = (stage: string, label: string, indent: string): readonly string[] => {
    const inputs = edges.some((edge) => edge.to === stage);
    if (drawn.has(stage)) return [inputs ? `${label} (above)` : label];
    drawn.add(stage);
    return [`${label} (${uses.get(stage)})`, ...below(stage, indent)];
  };
  const ends = pipeline.stages.filter((stage) => !needed.has(stage.id));
  return [pipeline.name, ...ends.flatMap((stage) => draw(stage.id, stage.id, ''))];
}

/** https://mermaid.js.org/syntax/flowchart.html */
function mermaid(pipeline: Pipeline): readonly string[] {
  const id = identifiers(pipeline);
  const text = (value: string) => `"${value.replaceAll('&', '#amp;').replaceAll('"', '#quot;')}"`;
  return [
    'flowchart TD',
    ...pipeline.stages.map((stage) => `  ${id(stage.id)}[${text(stage.id)}]`),
    ...filesOf(pipeline).map((file) => `  ${id(file)}[/${text(basename(file))}/]`),
    ...edgesOf(pipeline).map((edge) => `  ${id(originOf(edge))} -->|${text(labelOf(edge))}| ${id(edge.to)}`),
  ];
}

/** https://graphviz.org/doc/info/lang.html */
function dot(pipeline: Pipeline): readonly string[] {
  const id = identifiers(pipeline);
  const text = (value: string) => `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  return [
    `digraph ${text(pipeline.name)} {`,
    '  node [shape=box];',
    ...pipeline.stages.map((stage) => `  ${id(stage.id)} [label=${text(stage.id)}];`),
    ...filesOf(pipeline).map((file) => `  ${id(file)} [label=${text(basename(file))}, shape=note];`),
    ...edgesOf(pipeline).map(
      (edge) => `  ${id(originOf(edge))} -> ${id(edge.to)} [label=${text(labelOf(edge))}];`,
    ),
    '}',
  ];
}

/** Short identifiers that no format reads as one of its words: stages and files are numbered. */
function identifiers(pipeline: Pipeline): (node: string) => string {
  const nodes = [...pipeline.stages.map((stage) => stage.id), ...filesOf(pipeline)];
  const numbers = new Map(nodes.map((node, index) => [node, `n${index}`]));
  return (node) => numbers.get(node) ?? '';
}

function filesOf(pipeline: Pipeline): readonly string[] {
  return [...new Set(edgesOf(pipeline).flatMap(({ from }) => ('file' in from ? [from.file] : [])))];
}

function originOf({ from }: DataFlow): string {
  return 'file' in from ? from.file : from.stage;
}

function originStage({ from }: DataFlow): string | undefined {
  return 'file' in from ? undefined : from.stage;
}

/** The output, and the input where that has another name. */
function labelOf({ input, from }: DataFlow): string {
  if ('file' in from || from.output === input) return input;
  return `${from.output} as ${input}`;
}
