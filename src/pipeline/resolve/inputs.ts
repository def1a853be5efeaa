import { resolve } from 'node:path';
import type { InputDeclaration } from '../../contract/stage-type.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { closestName, listNames, nameHint } from '../diagnostics/did-you-mean.ts';
import { folderOf } from '../expand/folder-of.ts';
import { missingFile } from '../yaml/read-file.ts';
import type { Sources } from '../yaml/sources.ts';
import { type Entry, get, textOf, type Value } from '../yaml/value.ts';
import type { InputReference, StageDraft } from './stage-draft.ts';

/** What inputs are checked with. */
interface InputContext {
  readonly sources: Sources;
  readonly diagnostics: DiagnosticList;
  /** Files that are not there are no mistake. */
  readonly absentInputs: boolean;
}

const OUTPUT = /^([A-Za-z_][A-Za-z0-9_-]*)\.([A-Za-z_][A-Za-z0-9_-]*)$/;

/**
 * Reads the inputs of a stage. What is not of the right form is left out (the schema's check reports it);
 * undefined where `inputs` is no map.
 */
export function parseInputs(inputs: Value | undefined): ReadonlyMap<string, InputReference> | undefined {
  if (inputs === undefined) return new Map();
  if (inputs.kind !== 'map') return undefined;
  const references = [...inputs.entries].flatMap(([name, entry]): [string, InputReference][] => {
    const reference = parseInput(entry);
    return reference === undefined ? [] : [[name, reference]];
  });
  return references.length === inputs.entries.size ? new Map(references) : undefined;
}

function parseInput({ key, value }: Entry): InputReference | undefined {
  const file = get(value, 'file');
  const path = textOf(file);
  if (file !== undefined && path !== undefined) {
    const place = file.origin ?? file.place;
    const left = get(value, 'exclude');
    const exclude = left?.kind === 'list' ? left.items.flatMap((item) => textOf(item) ?? []) : undefined;
    return { key, place, kind: 'file', path: resolve(folderOf(file), path), ...(exclude && { exclude }) };
  }
  const each = get(value, 'each');
  const named = each ?? get(value, 'output') ?? value;
  const [, stage, output] = OUTPUT.exec(textOf(named) ?? '') ?? [];
  if (stage === undefined || output === undefined) return undefined;
  const kind = each === undefined ? 'output' : 'each';
  const optional = get(value, 'optional');
  const isOptional = optional?.kind === 'scalar' && optional.value === true;
  return { key, place: named.place, kind, stage, output, ...(isOptional && { optional: true }) };
}

/** Checks the inputs of a stage against its type's declarations and against what the other stages give. */
export function checkInputs(
  draft: StageDraft,
  stages: ReadonlyMap<string, StageDraft>,
  context: InputContext,
): void {
  const { diagnostics } = context;
  const declared = draft.type?.inputs ?? 'any';
  for (const [name, input] of draft.inputs ?? []) {
    const declaration = declared === 'any' ? undefined : own(declared, name);
    if (declared !== 'any' && declaration === undefined) {
      diagnostics.add({
        code: 'unknown-input',
        message: `stage type \`${draft.type!.uses}\` has no input \`${name}\``,
        place: input.key,
        hint: nameHint(name, Object.keys(declared), 'inputs'),
      });
    } else if (input.kind === 'file') checkFile(name, input, declaration, context);
    else checkOutput(draft, name, input, declaration, stages, diagnostics);
  }
  if (declared !== 'any' && draft.inputs !== undefined) checkMissing(draft, declared, diagnostics);
}

function checkMissing(
  draft: StageDraft,
  declared: Readonly<Record<string, InputDeclaration>>,
  diagnostics: DiagnosticList,
): void {
  const misspelt = [...draft.inputs!.keys()].map((name) =>
    own(declared, name) === undefined ? closestName(name, Object.keys(declared)) : undefined,
  );
  const missing = Object.keys(declared).filter(
    (name) => !declared[name]!.optional && !draft.inputs!.has(name) && !misspelt.includes(name),
  );
  if (missing.length === 0) return;
  const [first] = missing;
  diagnostics.add({
    code: 'missing-input',
    message: `stage \`${draft.name}\` lacks the input${missing.length > 1 ? 's' : ''} ${listNames(missing)}`,
    place: draft.key,
    hint: `\`${first}\`: ${declared[first!]!.description}`,
  });
}

function checkFile(
  name: string,
  input: InputReference & { kind: 'file' },
  declaration: InputDeclaration | undefined,
  { sources, diagnostics, absentInputs }: InputContext,
): void {
  if (diagnostics.covers(input.place)) return;
  const found = sources.kindOf(input.path);
  if (found === 'nothing') {
    if (absentInputs) return;
    diagnostics.add({ ...missingFile(input.path, input.place), place: input.place });
    return;
  }
  if (declaration !== undefined && declaration.artifact !== found) {
    diagnostics.add({
      code: 'wrong-artifact-kind',
      message: `input \`${name}\` takes a ${declaration.artifact}, and ${input.path} is a ${found}`,
      place: input.place,
    });
  }
}

function checkOutput(
  draft: StageDraft,
  name: string,
  input: InputReference & { kind: 'output' | 'each' },
  declaration: InputDeclaration | undefined,
  stages: ReadonlyMap<string, StageDraft>,
  diagnostics: DiagnosticList,
): void {
  const { place } = input;
  const producer = stages.get(input.stage);
  if (input.stage === draft.name) {
    diagnostics.add({
      code: 'self-reference',
      message: `stage \`${draft.name}\` takes its own output \`${input.output}\` as input`,
      place,
      hint: 'an input comes from another stage, or from a file: `{file: ./path}`',
    });
  } else if (producer === undefined) {
    diagnostics.add({
      code: 'unknown-stage',
      message: `there is no stage \`${input.stage}\``,
      place,
      hint: nameHint(
        input.stage,
        [...stages.keys()].filter((other) => other !== draft.name),
        'other stages',
      ),
    });
  } else if (
    input.kind === 'output' &&
    input.optional &&
    declaration !== undefined &&
    !declaration.optional
  ) {
    diagnostics.add({
      code: 'required-input',
      message: `stage type \`${draft.type!.uses}\` cannot do without its input \`${name}\``,
      place,
      hint: `write \`${name}: ${input.stage}.${input.output}\``,
    });
  } else if (producer.leftOut !== undefined) checkLeftOut(draft, input, declaration, producer, diagnostics);
  else if (producer.outputs !== undefined) checkProducer(name, input, declaration, producer, diagnostics);
}

/** Who reads what is left out must be left out, too, or say that it can do without. */
function checkLeftOut(
  draft: StageDraft,
  input: InputReference & { kind: 'output' | 'each' },
  declaration: InputDeclaration | undefined,
  producer: StageDraft,
  diagnostics: DiagnosticList,
): void {
  if (input.optional) return;
  const name = `${input.stage}.${input.output}`;
  const canDoWithout = input.kind === 'each' || declaration === undefined || declaration.optional;
  const without = canDoWithout ? `, or write \`{ ${input.kind}: ${name}, optional: true }\`` : '';
  diagnostics.add({
    code: 'left-out',
    message: `stage \`${draft.name}\` takes \`${name}\`, but \`${input.stage}\` is left out`,
    place: input.place,
    hint: `give \`${draft.name}\` the same \`when\`${without}`,
    related: [{ message: 'this condition is false', place: producer.leftOut! }],
  });
}

function checkProducer(
  name: string,
  { kind, place, output }: InputReference & { kind: 'output' | 'each' },
  declaration: InputDeclaration | undefined,
  producer: StageDraft,
  diagnostics: DiagnosticList,
): void {
  const outputs = producer.outputs!;
  const given = own(outputs, output);
  if (given === undefined) {
    diagnostics.add({
      code: 'unknown-output',
      message: `stage \`${producer.name}\` has no output \`${output}\``,
      place,
      hint: nameHint(output, Object.keys(outputs), `outputs of \`${producer.name}\``),
    });
  } else if (declaration !== undefined && declaration.artifact !== given.artifact) {
    diagnostics.add({
      code: 'wrong-artifact-kind',
      message: `input \`${name}\` takes a ${declaration.artifact}, and \`${producer.name}.${output}\` is a ${given.artifact}`,
      place,
      hint: declaration.description,
    });
  } else if (kind === 'each' && declaration !== undefined && !declaration.collects) {
    diagnostics.add({
      code: 'not-a-collection',
      message: `input \`${name}\` takes one artifact, not one for each variant`,
      place,
      hint: `write \`${name}: ${producer.name}.${output}\``,
    });
  }
}

/** The entry of that name; names come from users, who may call something `constructor`. */
function own<T>(entries: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}
