import type { Place } from '../diagnostics/diagnostic.ts';
import type { DiagnosticList } from '../diagnostics/diagnostic-list.ts';
import type { StageFields } from '../schema/pipeline-schema.ts';
import { get, locate, type Value } from '../yaml/value.ts';
import type { StageDraft } from './stage-draft.ts';

/** Variables by their names, with the values that the file gives. */
export function variablesOf(fields: StageFields | undefined): Pick<StageDraft, 'env' | 'envValues' | 'pass'> {
  const { env = [], pass } = fields ?? {};
  const passed = pass === undefined ? {} : { pass };
  if (Array.isArray(env)) return { env, ...passed };
  const given = Object.entries(env).flatMap(([name, value]) =>
    value === null ? [] : [[name, value] as const],
  );
  return { env: Object.keys(env), envValues: Object.fromEntries(given), ...passed };
}

/** A variable cannot both be recorded and be kept from being seen. */
export function refuseSharedNames(draft: StageDraft, body: Value, diagnostics: DiagnosticList): void {
  refusePassed(draft, body, diagnostics);
  for (const [index, variable] of draft.secrets.entries()) {
    const other = draft.env.indexOf(variable);
    if (other < 0) continue;
    diagnostics.add({
      code: 'env-and-secret',
      message: `\`${variable}\` is both under \`env\` and under \`secrets\``,
      place: locate(body, ['secrets', String(index)]).value.place,
      hint: 'keep it under `secrets` if nobody may see it, under `env` if it decides the result',
      related: [{ message: 'it is under `env` here', place: placeInEnv(body, variable, other) }],
    });
  }
}

/** A variable cannot both count and not. */
function refusePassed(draft: StageDraft, body: Value, diagnostics: DiagnosticList): void {
  for (const [index, variable] of (draft.pass ?? []).entries()) {
    const other = [...draft.env, ...draft.secrets].indexOf(variable);
    if (other < 0) continue;
    const key = other < draft.env.length ? 'env' : 'secrets';
    diagnostics.add({
      code: 'passed-and-counted',
      message: `\`${variable}\` is both under \`pass\` and under \`${key}\``,
      place: locate(body, ['pass', String(index)]).value.place,
      hint: 'keep it under `env` if it decides the result, under `secrets` if nobody may see it, under `pass` if neither',
    });
  }
}

function placeInEnv(body: Value, variable: string, index: number): Place {
  const env = get(body, 'env');
  return locate(body, ['env', env?.kind === 'map' ? variable : String(index)]).value.place;
}
