import { StageError } from '../../contract/stage-context.ts';
import type { InstructionRecord } from '../../text/records.ts';
import { permutation } from '../../training/data/data-order.ts';
import { groupsOf, type Work } from './groups.ts';
import { fillParts, type Group, PARTS, type Part, type Sizes, stratumSizes } from './parts.ts';
import type { SplitSettings } from './settings.ts';

const DEFAULT_SEED = 123;

export type Parts = Readonly<Record<Part, readonly InstructionRecord[]>>;

/** Cuts records into parts of these sizes. Throws StageError for a field that no record has, and the signal's reason. */
export async function assign(
  records: readonly InstructionRecord[],
  settings: SplitSettings,
  sizes: Sizes,
  context: Work,
): Promise<Parts> {
  checkFields(records, settings);
  const groups = laidOut(await groupsOf(records, settings.group, context), settings);
  const strata = strataOf(records, groups, settings.stratify);
  const counts = strata.map((stratum) => stratum.reduce((sum, { length }) => sum + length, 0));
  const each = strata.length === 1 ? [sizes] : stratumSizes(counts, sizes);
  const parts = new Map(strata.flatMap((stratum, place) => [...fillParts(stratum, each[place]!)]));
  const result: Record<Part, InstructionRecord[]> = { train: [], test: [], validation: [] };
  for (const { group, place } of inOrder(groups, settings)) result[parts.get(group)!].push(records[place]!);
  return result;
}

/** Groups in the order of the file, by their first records, or in a drawn one. */
function laidOut(groups: readonly Group[], { order, seed = DEFAULT_SEED }: SplitSettings): readonly Group[] {
  if (order === 'file') return groups;
  return Array.from(permutation(groups.length, seed), (place) => groups[place]!);
}

/** The places of all records in the order in which their part has them. */
function inOrder(groups: readonly Group[], { order }: SplitSettings): { group: Group; place: number }[] {
  const places = groups.flatMap((group) => group.map((place) => ({ group, place })));
  return order === 'file' ? places.sort((a, b) => a.place - b.place) : places;
}

/** The groups by the value that their first record has of the field. */
function strataOf(
  records: readonly InstructionRecord[],
  groups: readonly Group[],
  field: string | undefined,
): readonly (readonly Group[])[] {
  if (field === undefined) return [groups];
  const strata = new Map<string, Group[]>();
  for (const group of groups) {
    const value = JSON.stringify(records[group[0]!]![field] ?? null);
    const stratum = strata.get(value);
    if (stratum === undefined) strata.set(value, [group]);
    else stratum.push(group);
  }
  return [...strata.values()];
}

function checkFields(records: readonly InstructionRecord[], { stratify, group }: SplitSettings): void {
  for (const [setting, field] of [
    ['stratify', stratify],
    ['group', group],
  ] as const) {
    if (field === undefined || field === 'similar') continue;
    if (records.some((record) => record[field] !== undefined && record[field] !== null)) continue;
    const kept = Object.keys(records[0] ?? {}).join(', ');
    throw new StageError(`No record has the field ${JSON.stringify(field)} of \`${setting}\`.`, {
      hint: `Records have: ${kept}. Carry more fields of the data into them: \`keep: [${field}]\` of the stage \`format\`.`,
    });
  }
}

/**
 * How many records each part gets: the book's int(n * train), then int(n * test), then the rest. A size from 1 on is a
 * number. Throws StageError where a part would be empty.
 */
export function sizesOf(count: number, settings: SplitSettings, hasTest: boolean): Sizes {
  const sizeOf = (size: number) => (size < 1 ? Math.trunc(count * size) : size);
  const train = sizeOf(settings.train);
  const test = hasTest ? 0 : sizeOf(settings.test);
  const sizes = { train, test, validation: count - train - test };
  for (const part of PARTS) {
    if (sizes[part] > 0 || (hasTest && part === 'test')) continue;
    throw new StageError(
      `Of ${count} records none are left for ${part} (train: ${settings.train}, test: ${settings.test}).`,
      { hint: 'Give more data, or other shares; train and test must leave something for validation.' },
    );
  }
  return sizes;
}
