import type { RunEvent } from '../../../src/runner/events/run-event.ts';
import type { ObservedRun } from './observed-run.ts';
import type { Call } from './play.ts';
import type { PipelineSketch, StageSketch } from './sketch.ts';

/** A pipeline in a line a stage, for whoever reads a failure. */
export function pipelineText({ axes, stages }: PipelineSketch): string {
  const sweep = axes.map(({ name, values }) => `${name}: ${values}`).join('; ');
  return [`pipeline${sweep === '' ? '' : ` over ${sweep}`}`, ...stages.map(stageText)].join('\n  ');
}

/** How a run is called. */
export function callText({ only, force, sketch, rival }: Call): string {
  const { jobs, interrupts, durations, isStubborn } = sketch;
  const parts = [
    `run --jobs ${jobs}`,
    ...(only ?? []).map((id) => `--only ${id}`),
    ...force.map((id) => `--force ${id}`),
    `(stages take ${durations.join(', ')} ms${isStubborn ? ', heed no interrupt' : ''})`,
    ...interrupts.map((count) => `interrupted at event ${count}`),
  ];
  if (rival) parts.push(`\nand from event ${rival.startsAt} on, at once: ${callText(rival.call)}`);
  return parts.join(' ');
}

/** The events of a run, a line for each that matters. */
export function runText({ events }: ObservedRun): string[] {
  return [
    `events of ${events[0]?.type === 'run-started' ? events[0].run : 'a run'}:`,
    ...events.flatMap(eventText),
  ];
}

/** What matters of an event in a line; nothing for those that only decorate. */
function eventText(event: RunEvent): string[] {
  switch (event.type) {
    case 'stage-planned':
      return [`  ${event.stage}: planned ${event.state}, ${event.reason.message}`];
    case 'stage-started':
      return [`  ${event.stage}: attempt ${event.attempt}`];
    case 'stage-retrying':
      return [`  ${event.stage}: tried again`];
    case 'stage-finished':
      return [`  ${event.stage}: ${event.outcome}, ${event.reason.message}`];
    case 'cache-problem':
      return [`  cache: ${event.message}`];
    case 'run-finished':
      return [`  the run has ${event.outcome}`];
    default:
      return [];
  }
}

function stageText({ name, type, work, axes, collects, optional, inputs, resources }: StageSketch): string {
  const sources = inputs.map((input) => {
    const from =
      'file' in input
        ? `./${input.file}`
        : `${collects ? `${optional ? 'optional ' : ''}each ` : ''}${input.stage}.${input.output}`;
    return `${input.name}: ${from}`;
  });
  const remarks = [
    ...(type === 'in-place' ? [] : [type]),
    ...(work.reads === 'all' ? [] : ['reads first lines']),
    ...(work.fails === 'never' ? [] : [`fails ${work.fails}`]),
    ...(work.flaky === 0 ? [] : [`first ${work.flaky} attempts fail`]),
    ...(work.retries === 0 ? [] : [`retries ${work.retries}`]),
    ...(axes.length === 0 || collects ? [] : [`over ${axes}`]),
    ...(resources.cpu === 1 && resources.gpu === 0 && resources.memory === 0
      ? []
      : [JSON.stringify(resources)]),
  ];
  return `${name} #${work.salt} {${sources.join(', ')}} -> ${work.outputs}${remarks.length > 0 ? ` (${remarks.join('; ')})` : ''}`;
}
