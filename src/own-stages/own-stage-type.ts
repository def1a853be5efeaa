import type { Json, JsonObject } from '../contract/json.ts';
import { METRICS_OUTPUT, metricsFrom } from '../contract/own-metrics/declared-metric.ts';
import { type LoadedOwnStage, OWN_STAGE, type OwnCheck } from '../contract/own-stage.ts';
import type { OutputDeclaration, SettingProblem, StageType } from '../contract/stage-type.ts';

/** The stage type of an own stage, as the planner knows it: its declarations, and where its code is. */
export function ownStageType(uses: string, { code, identity, declaration }: LoadedOwnStage): StageType {
  const { summary, settings, inputs, checks } = declaration;
  const metrics = metricsFrom(declaration.metrics);
  const outputs = outputsOf(declaration);
  return {
    uses,
    keyedAs: OWN_STAGE,
    version: identity,
    own: code,
    summary,
    settings,
    inputs,
    inputAccess: 'copy',
    outputs: () => outputs,
    ...(metrics.length > 0 && { metrics }),
    checkSettings: async (settings) => checks.flatMap((check) => problemOf(check, settings as JsonObject)),
    run: () => Promise.reject(new Error('Internal error: an own stage runs in a process of its own')),
  };
}

function outputsOf({ outputs, metrics }: LoadedOwnStage['declaration']): Record<string, OutputDeclaration> {
  const description = 'What the stage measured: JSON with its metrics, their values and items.';
  return {
    ...Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, { ...output, path: name }])),
    ...(Object.keys(metrics).length > 0 && {
      [METRICS_OUTPUT]: { artifact: 'file', path: METRICS_OUTPUT, description },
    }),
  };
}

function problemOf(check: OwnCheck, settings: JsonObject): readonly SettingProblem[] {
  const { hint } = check;
  const said = hint === undefined ? {} : { hint };
  if ('oneOf' in check) {
    const given = check.oneOf.filter((name) => settings[name] !== undefined);
    if (given.length === 1) return [];
    const names = check.oneOf.map((name) => `\`${name}\``).join(', ');
    const message = `one of ${names} must be given, ${given.length === 0 ? 'and none is' : `not ${given.length}`}`;
    return [{ code: 'own-check', path: given.slice(-1), message, ...said }];
  }
  const [one, other] = [settings[check.setting], settings[check.other]];
  if (one === undefined || other === undefined || holds(check.is, one, other)) return [];
  const relation = { '<': 'less than', '<=': 'at most', '!=': 'different from' }[check.is];
  const message = `\`${check.setting}\` is ${JSON.stringify(one)}, and must be ${relation} \`${check.other}\`, ${JSON.stringify(other)}`;
  return [{ code: 'own-check', path: [check.setting], message, ...said }];
}

/** Numbers by their size, texts by their characters; what cannot be compared is not what the rule is about. */
function holds(is: '<' | '<=' | '!=', one: Json, other: Json): boolean {
  if (is === '!=') return JSON.stringify(one) !== JSON.stringify(other);
  if (typeof one === 'number' && typeof other === 'number') return is === '<' ? one < other : one <= other;
  if (typeof one === 'string' && typeof other === 'string') return is === '<' ? one < other : one <= other;
  return true;
}
