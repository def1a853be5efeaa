import { valuesInLabel } from '../contract/variant-label.ts';
import type { Pipeline, Stage } from './pipeline.ts';

/** `train[lr=0.01,model=small].loss`, `train@lr=0.01,model=small`: what stands before, in and behind the label. */
export interface VariantName {
  readonly head: string;
  readonly values: ReadonlyMap<string, string>;
  readonly tail: string;
}

/** `group:eval`: all stages that are in that group. */
export const GROUP_PREFIX = 'group:';

/**
 * The stages that a text names: by id, by name for all its variants, `group:eval` for all of a group, or as `train@lr=1e-5,epochs=2` for those with these
 * values, in any order and spelling of numbers; with brackets too. Empty where there are none.
 */
export function stagesNamed({ stages }: Pick<Pipeline, 'stages'>, wanted: string): readonly Stage[] {
  if (wanted.startsWith(GROUP_PREFIX))
    return stages.filter(({ groups }) => groups.includes(wanted.slice(GROUP_PREFIX.length)));
  const found = stages.filter(({ id, name }) => id === wanted || name === wanted);
  if (found.length > 0) return found;
  const asked = parseVariantName(wanted);
  if (asked === undefined || asked.tail !== '') return [];
  // A stage that several variants share is each of them.
  return stages.filter(
    ({ name, variants }) => name === asked.head && variants.some((label) => holds(label, asked)),
  );
}

function holds(label: string, asked: VariantName): boolean {
  const values = parseLabel(label);
  return [...asked.values].every(([name, value]) => values.get(name) === value);
}

/** Takes the name of a variant apart; undefined for a text that is none. */
export function parseVariantName(text: string): VariantName | undefined {
  const [, head, label, tail = ''] =
    /^([^[@]+)\[(.*)\]([^\]]*)$/s.exec(text) ?? /^([^[@]+)@(.*)$/s.exec(text) ?? [];
  return head === undefined || label === undefined ? undefined : { head, values: parseLabel(label), tail };
}

/** Values by parameter of a label, each in one spelling of the several that it may have. */
function parseLabel(label: string): ReadonlyMap<string, string> {
  return new Map(
    [...valuesInLabel(label)].map(([name, value]): [string, string] => [name.trim(), plain(value.trim())]),
  );
}

function plain(value: string): string {
  if (value !== '' && Number.isFinite(Number(value))) return String(Number(value));
  return value.replace(/^(["'])(.*)\1$/s, '$2');
}

/** Says that the stage of a name or id is one that the pipeline leaves out; undefined if it is not. */
export function leftOutMessage(
  { name, leftOut }: Pick<Pipeline, 'name' | 'leftOut'>,
  wanted: string,
): string | undefined {
  const stage = parseVariantName(wanted)?.head ?? wanted;
  if (!leftOut.includes(stage)) return undefined;
  return `pipeline ${name} leaves the stage \`${stage}\` out: its \`when\` is false with these parameters`;
}

/** The name of a stage, of its id. */
export function nameOfStage(id: string): string {
  return id.replace(/\[.*\]$/s, '');
}
