import { explanationLines } from '../runner/events/explanation-lines.ts';
import type { RunEvent } from '../runner/events/run-event.ts';
import { columnsOf, padded } from '../terminal/display-width.ts';
import type { Paint } from '../terminal/paint.ts';
import { counted, duration } from '../terminal/units.ts';
import { howFar, progressText } from './progress-text.ts';
import type { RunState } from './run-state.ts';
import { uploadText } from './upload-text.ts';

/** Stage names are padded to the longest, but never beyond this. */
const WIDEST_NAME = 24;

/**
 * The lines that tell one event outside a live tree; none where it is not worth a line. `state` has the event applied.
 * What the summary tells (a failed preflight, the end of the run) is left to it.
 */
export function eventLines(event: RunEvent, state: RunState, paint: Paint): readonly string[] {
  switch (event.type) {
    case 'run-started':
      return [
        `${paint('bold', event.pipeline)}  ${counted(event.stages.length, 'stage')}, at most ${event.jobs} at once, run ${event.run}`,
      ];
    case 'engine-chosen':
      return engineLines(event, paint);
    case 'cache-problem':
      return [paint('yellow', `cache: ${event.message}`), ...quarantine(event.quarantined)];
    case 'uploading': {
      const { uploading } = state;
      const isFirst = uploading?.progress.first === uploading?.progress.latest;
      const advice = isFirst ? '; Ctrl-C ends that, and pipe push makes up for it' : '';
      return uploading === undefined ? [] : [uploadText(uploading) + advice];
    }
    case 'run-stopping':
      return [paint('yellow', 'stopping: stages may write a checkpoint; a second Ctrl-C ends them at once')];
    case 'tidied':
      return [
        `removed what was old: ${counted(event.runs, 'run')}, the unfinished work of ${counted(event.work, 'stage')}`,
      ];
    case 'stage-log':
      return stageLines(state, event.stage, logText(event, paint));
    default:
      return 'stage' in event ? stageLines(state, event.stage, stageText(event, state, paint)) : [];
  }
}

/** A line each for the lines of a text, with the stage's name before them: none can pass for a line of another kind. */
function stageLines(state: RunState, stage: string, text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  const widest = Math.max(...[...state.stages.keys()].map(columnsOf));
  const name = padded(stage, Math.min(widest, WIDEST_NAME));
  return text.split(/\r?\n|\r/).map((line) => `${name}  ${line}`.trimEnd());
}

/** What a stage says of itself: the message, or a warning and how to fix it. */
function logText(event: Extract<RunEvent, { type: 'stage-log' }>, paint: Paint): string {
  if (event.level !== 'warning') return event.message;
  const hint = event.hint === undefined ? '' : `\n${event.hint}`;
  return paint('yellow', `warning: ${event.message}`) + hint;
}

function stageText(
  event: Extract<RunEvent, { stage: string }>,
  state: RunState,
  paint: Paint,
): string | undefined {
  switch (event.type) {
    case 'stage-started': {
      const again = event.attempt > 1 ? ` (attempt ${event.attempt})` : '';
      const taken = event.adopted ? ' (goes on with what an earlier run handed in)' : '';
      return `${paint('cyan', 'start')}  ${event.reason.message}${again}${taken}`;
    }
    case 'stage-explained':
      return explanationLines(event.because).join('\n');
    case 'stage-progress': {
      const progress = state.stage(event.stage).progress;
      return progress && progressText(howFar(progress));
    }
    case 'input-recorded':
      return `input ${event.input}  ${event.path} does not exist; taken as it is on record (${event.digest.slice(0, 12)})`;
    case 'stage-waiting':
      return `waiting for ${event.holder}`;
    case 'stage-place':
      return event.message;
    case 'stage-engine':
      return `engine ${event.engine}: ${event.reason}`;
    case 'stage-displaced':
      return `${paint('yellow', 'displaced')}  ${event.error}\nanother attempt follows; this one does not count`;
    case 'stage-retrying':
      return `${paint('yellow', 'retry')}  ${event.error}\nattempt ${event.attempt} of ${event.of} in ${duration(event.delay_ms)}`;
    case 'stage-finished':
      return finishText(event, paint);
    default:
      return undefined;
  }
}

function finishText(event: Extract<RunEvent, { type: 'stage-finished' }>, paint: Paint): string {
  switch (event.outcome) {
    case 'hit':
      return `${paint('dim', 'hit')}  ${event.reason.message}`;
    case 'ran':
      return `${paint('green', 'ran')}  ${duration(event.duration_ms)}`;
    case 'failed':
      // All of it is in the summary, once.
      return `${paint('red', 'failed')}  ${firstLine(event.error?.message ?? event.reason.message)}`;
    case 'skipped':
    case 'cancelled':
      return `${paint('yellow', event.outcome)}  ${event.reason.message}`;
  }
}

/** What computes, in short: `pipe doctor` shows what else there is and how fast each is. */
function engineLines(
  { engine, requested, candidates }: Extract<RunEvent, { type: 'engine-chosen' }>,
  paint: Paint,
): readonly string[] {
  const why = requested === 'auto' ? 'the best that works here' : 'asked for by name';
  const advice = candidates.flatMap(({ advice }) => (advice === undefined ? [] : [advice]));
  return [`engine ${engine}: ${why} ${paint('dim', '(pipe doctor shows all)')}`, ...advice];
}

/** The first line of a text, without the colon with which it leads over to others. */
export function firstLine(text: string): string {
  const [line = ''] = text.split(/[\r\n]/, 1);
  return line === text ? line : line.replace(/:$/, '');
}

function quarantine(path: string | undefined): readonly string[] {
  return path === undefined ? [] : [`cache: the damaged bytes are kept in ${path}`];
}
