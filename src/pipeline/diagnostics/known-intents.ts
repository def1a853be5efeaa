import type { Value } from '../yaml/value.ts';

const POINTS =
  '`include` and `exclude` are keys of `sweep`: sweep: { lr: [0.1, 0.2], exclude: [{ lr: 0.2, bs: 4 }] }';
const SWEEP = 'a `sweep` at the top of the file repeats the stages that read its parameters';
const NEEDS = 'a stage waits for the stages whose outputs its `inputs` name';

/** Keys of other programs that people try, by a key that such a map does have, and what does the same here. */
const INTENTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  uses: {
    cache: 'every result is cached; `pipe run FILE --force STAGE` runs a stage again',
    if: 'a stage is left out by a condition of parameters: `when: params.size == "small"`',
    ...{ foreach: SWEEP, matrix: SWEEP, needs: NEEDS, depends_on: NEEDS },
  },
  stages: { foreach: SWEEP, matrix: SWEEP, include: POINTS, exclude: POINTS },
  file: {
    include: 'a folder counts with everything in it; name the parts that count as inputs of their own',
  },
};

/** A hint for an unknown key whose meaning is clear, in a map that may have the keys `known`. */
export function intentHint(key: string, known: readonly string[]): string | undefined {
  const kind = known.find((name) => Object.hasOwn(INTENTS, name));
  const hints = kind === undefined ? undefined : INTENTS[kind];
  return hints !== undefined && Object.hasOwn(hints, key) ? hints[key] : undefined;
}

/** A hint for variables that are given with values, where only names can be given. */
export function variablesHint(name: string, value: Value): string | undefined {
  if (value.kind !== 'map' || !['`pass`', '`secrets`'].includes(name)) return undefined;
  const names = [...value.entries.keys()].slice(0, 5).join(', ');
  return `write the names alone: [${names}]. Values come from the environment of \`pipe\`; those that the file says go into \`env\``;
}
