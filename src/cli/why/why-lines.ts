import { type JsonObject, plainText } from '../../contract/json.ts';
import { explanationLines, moment } from '../../runner/events/explanation-lines.ts';
import type { Paint } from '../../terminal/paint.ts';
import { duration } from '../../terminal/units.ts';
import type { WhyDocument } from '../json-shapes/why.ts';

type WhyStage = WhyDocument['stages'][number];
type Making = NonNullable<WhyStage['made']>;

const SHOWN_DIGEST_CHARACTERS = 12;
const SHOWN_CHARACTERS = 60;

/** What is known of the stages for people, an empty line between two. */
export function whyLines(stages: readonly WhyStage[], paint: Paint): readonly string[] {
  return stages.flatMap((stage, index) => [...(index > 0 ? [''] : []), ...linesOf(stage, paint)]);
}

function linesOf({ planned, made, explanations }: WhyStage, paint: Paint): readonly string[] {
  const [title = `${planned.stage} ran, and its run is gone: why is not known any more`, ...origins] =
    explanationLines(explanations);
  const why = [paint('bold', title), ...origins];
  if (made === undefined) return why;
  return [
    paint('bold', `${planned.stage} is up to date`),
    ...madeLines(made).map((line) => `  ${line}`),
    ...why,
  ];
}

function madeLines(made: Making): readonly string[] {
  const { run, stage, started, finished, host, engine, settings, inputs } = made;
  const took =
    started === undefined || finished === undefined
      ? ''
      : `, in ${duration(Date.parse(finished) - Date.parse(started))}`;
  const parts = [
    `made${run === undefined ? '' : ` in run ${run}`}${stage === undefined ? '' : ` as ${stage}`}`,
    finished === undefined ? '' : `, ${moment(finished)}`,
    took,
    host === undefined ? '' : ` on ${host}`,
    engine === undefined ? '' : ` with ${engine}`,
  ];
  const from = inputs.map(
    ({ input, digest, from }) => `${input} ${digest.slice(0, SHOWN_DIGEST_CHARACTERS)} (${from})`,
  );
  return [
    parts.join(''),
    ...(Object.keys(settings).length === 0 ? [] : [`settings: ${settingsText(settings)}`]),
    ...(from.length === 0 ? [] : [`inputs: ${from.join(', ')}`]),
  ];
}

function settingsText(settings: JsonObject): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${cut(plainText(value))}`)
    .join(', ');
}

function cut(text: string): string {
  const line = text.replaceAll('\n', '\\n');
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}…` : line;
}
