import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { get, type MapValue, numberOf, type Value, withEntry } from '../yaml/value.ts';
import { OVERRIDES } from './override.ts';
import { draw } from './sample.ts';
import { isParameter, sweptParameters } from './swept-parameters.ts';
import type { SweptValues } from './swept-values.ts';
import { labelOf } from './variant-label.ts';

/** More variants than this are taken for a mistake. */
const MOST_VARIANTS = 1000;
/** For each point that is wanted; excluded points and those that were drawn before are drawn again. */
const DRAWS_A_POINT = 100;
/** One point of the sweep, before stages are resolved. */
export interface Point {
  /** `learning_rate=0.00001,epochs=1`; empty without a sweep. */
  readonly label: string;
  /** Parameters with the values of this point. */
  readonly params: MapValue;
  /** Label parts of the swept parameters, by name, in the order of the file. */
  readonly parts: ReadonlyMap<string, string>;
}

/** Swept parameter -> value; what is not in it has its value from `params`. */
type Choice = ReadonlyMap<string, Value>;

/**
 * The points of a sweep. As a list it names each point. As an object it gives every combination of the swept values, the
 * last parameter changing fastest, or a `sample` of them, without those that `exclude` describes, then those of
 * `include`. One point without a sweep.
 */
export function expandSweep(
  sweep: Value | undefined,
  params: MapValue,
  diagnostics: DiagnosticList,
): readonly Point[] {
  return new Sweep(sweep, params, diagnostics).points();
}

class Sweep {
  readonly #sweep: Value | undefined;
  readonly #params: MapValue;
  readonly #diagnostics: DiagnosticList;

  constructor(sweep: Value | undefined, params: MapValue, diagnostics: DiagnosticList) {
    this.#sweep = sweep;
    this.#params = params;
    this.#diagnostics = diagnostics;
  }

  points(): readonly Point[] {
    const swept = sweptParameters(this.#sweep, this.#params, this.#diagnostics);
    const combined = swept.size === 0 ? [] : this.#without(this.#sample(swept), this.#choices('exclude'));
    const included = this.#sweep?.kind === 'list' ? this.#choicesOf(this.#sweep) : this.#choices('include');
    if (swept.size === 0) this.#refuseWithoutValues();
    const names = new Set([...swept.keys(), ...included.flatMap((choice) => [...choice.keys()])]);
    const choices = [...combined, ...included];
    return choices.length === 0
      ? [{ label: '', params: this.#params, parts: new Map() }]
      : this.#distinct(choices.map((choice) => this.#point(choice, names)));
  }

  /** Every combination, or as many as `sample` asks for. */
  #sample(swept: ReadonlyMap<string, SweptValues>): readonly Choice[] {
    const sample = get(this.#sweep, 'sample');
    const count = numberOf(get(sample, 'count'));
    if (sample === undefined || count === undefined) return this.#combinations(swept);
    const seed = numberOf(get(sample, 'seed')) ?? 0;
    const excluded = this.#choices('exclude');
    const drawn = new Map<string, Choice>();
    for (let index = 0; drawn.size < count && index < count * DRAWS_A_POINT; index++) {
      const choice = draw(swept, seed, index);
      if (!excluded.some((other) => holds(choice, other))) drawn.set(labelOfChoice(choice), choice);
    }
    if (drawn.size < count) {
      this.#diagnostics.add({
        code: 'small-sweep',
        message: `the sweep has no ${count} different points to draw: ${drawn.size} were found`,
        place: sample.place,
        hint: 'ask for fewer, or leave out `sample` to take every combination',
      });
    }
    return [...drawn.values()];
  }

  #combinations(swept: ReadonlyMap<string, SweptValues>): readonly Choice[] {
    let choices: readonly Choice[] = [new Map()];
    for (const [name, values] of swept) {
      if (values.kind === 'range') continue;
      if (choices.length * values.values.length > MOST_VARIANTS) {
        this.#diagnostics.add({
          code: 'big-sweep',
          message: `the sweep has more than ${MOST_VARIANTS} combinations`,
          place: (this.#sweep as MapValue).entries.get(name)!.key,
          hint: 'sweep fewer parameters at once, or fewer values, or take a `sample` of them',
        });
        return choices;
      }
      choices = choices.flatMap((choice) => values.values.map((value) => new Map(choice).set(name, value)));
    }
    return choices;
  }

  /** A sample has drawn without the excluded points. */
  #without(choices: readonly Choice[], excluded: readonly Choice[]): readonly Choice[] {
    if (get(this.#sweep, 'sample') !== undefined) return choices;
    for (const [index, rule] of excluded.entries())
      if (!choices.some((choice) => holds(choice, rule))) this.#refuseVoidRule(rule, index);
    return choices.filter((choice) => !excluded.some((rule) => holds(choice, rule)));
  }

  /** What is excluded must be there, or it is a slip of the pen; unless the command line changed what is swept. */
  #refuseVoidRule(rule: Choice, index: number): void {
    const isOverridden = [...rule.keys()].some(
      (name) => get(this.#sweep, name)?.place.file === OVERRIDES && this.#sweep?.place.file !== OVERRIDES,
    );
    if (isOverridden || this.#diagnostics.covers(this.#sweep!.place)) return;
    const rules = get(this.#sweep, 'exclude');
    this.#diagnostics.add({
      code: 'excludes-nothing',
      message: 'no combination of the sweep has these values, so nothing is excluded',
      place: rules?.kind === 'list' ? rules.items[index]!.place : this.#sweep!.place,
    });
  }

  #choices(key: 'include' | 'exclude'): readonly Choice[] {
    return this.#choicesOf(get(this.#sweep, key));
  }

  /** The points that a list describes; keys that are no parameters are reported. */
  #choicesOf(list: Value | undefined): readonly Choice[] {
    if (list?.kind !== 'list') return [];
    return list.items.flatMap((item) => {
      if (item.kind !== 'map') return []; // the schema's check has reported it
      const entries = [...item.entries].filter(([name, entry]) =>
        isParameter(name, entry, this.#params, this.#diagnostics),
      );
      return entries.length === item.entries.size
        ? [new Map(entries.map(([name, { value }]) => [name, value]))]
        : [];
    });
  }

  #point(choice: Choice, names: ReadonlySet<string>): Point {
    const parts = new Map<string, string>();
    let params = this.#params;
    for (const name of names) {
      const given = params.entries.get(name)!;
      const value = choice.get(name) ?? given.value;
      params = withEntry(params, name, { key: given.key, value });
      parts.set(name, `${name}=${labelOf(value)}`);
    }
    return { label: [...parts.values()].join(','), params, parts };
  }

  #distinct(points: readonly Point[]): readonly Point[] {
    const first = new Map<string, Point>();
    for (const point of points) {
      if (!first.has(point.label)) first.set(point.label, point);
      else {
        this.#diagnostics.add({
          code: 'duplicate-item',
          message: `the sweep has the point ${point.label} twice`,
          place: this.#sweep!.place,
        });
      }
    }
    return [...first.values()];
  }

  #refuseWithoutValues(): void {
    for (const key of ['exclude', 'sample']) {
      const value = get(this.#sweep, key);
      if (value === undefined || !this.#diagnostics.isEmpty) continue;
      this.#diagnostics.add({
        code: 'small-sweep',
        message: `\`${key}\` has nothing to choose from: no parameter is swept`,
        place: value.place,
        hint: 'sweep a parameter beside it: learning_rate: [0.00001, 0.00005]',
      });
    }
  }
}

/** Whether a choice has all values of another one. */
function holds(choice: Choice, other: Choice): boolean {
  return [...other].every(([name, value]) => {
    const own = choice.get(name);
    return own !== undefined && labelOf(own) === labelOf(value);
  });
}

function labelOfChoice(choice: Choice): string {
  return [...choice].map(([name, value]) => `${name}=${labelOf(value)}`).join(',');
}
