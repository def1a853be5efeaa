import type { JsonObject } from '../../contract/json.ts';
import type { SettingProblem, StageType } from '../../contract/stage-type.ts';
import type { Diagnostic, Place } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import { nameHint } from '../diagnostics/did-you-mean.ts';
import type { Sources } from '../yaml/sources.ts';
import { locate, textOf, type Value } from '../yaml/value.ts';

/** Settings of a stage that fit the schema, with where they are written. */
interface CheckedSettings {
  readonly type: StageType;
  readonly settings: JsonObject;
  readonly written: Value;
  /** Place of the key `with`, for settings that are not written. */
  readonly key: Place;
}

/** Collects the settings of all stages, and has their stage types look for what no schema can say. */
export class SettingChecks {
  readonly #all: CheckedSettings[] = [];

  add(settings: CheckedSettings): void {
    if (settings.type.checkSettings !== undefined) this.#all.push(settings);
  }

  /** Adds what is wrong to the diagnostics. */
  async run(sources: Sources, diagnostics: DiagnosticList): Promise<void> {
    for (const checked of this.#all) {
      if (diagnostics.isFull) return;
      const problems = await checked.type.checkSettings!(checked.settings);
      for (const problem of problems) diagnostics.add(diagnosticOf(problem, checked, sources));
    }
  }
}

function diagnosticOf(
  problem: SettingProblem,
  { written, key }: CheckedSettings,
  sources: Sources,
): Diagnostic {
  const { code, message, path, meant } = problem;
  const { value } = locate(written, path, key);
  const hint = meant ? nameHint(meant.name, meant.known, meant.what) : problem.hint;
  const at = (place: Place) => partOf(place, problem, value, sources);
  return {
    code,
    message,
    place: at(value.place),
    ...(hint !== undefined && { hint }),
    ...(value.origin && { related: [{ message: 'the value comes from here', place: at(value.origin) }] }),
  };
}

/** Where the part of a text that a problem is about is written: the same occurrence of the same words. */
function partOf(place: Place, { at }: SettingProblem, value: Value, sources: Sources): Place {
  const text = textOf(value);
  if (at === undefined || text === undefined) return place;
  const words = text.slice(at.offset, at.offset + at.length);
  const before = text.slice(0, at.offset).split(words).length - 1;
  return sources.narrow(place, words, before);
}
