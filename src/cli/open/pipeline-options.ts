import { existsSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { urlCredentials } from '../../pipeline/resolve/url-credentials.ts';
import type { Selection } from '../../runner/plan/stage-graph.ts';
import { UserError } from '../user-error.ts';

/** Nobody writes as many by hand. */
const MOST_REPEATED = 1000;

/** Options of every verb that works on a pipeline. */
export interface PipelineOptions {
  /** `path=value`, in the order given. */
  readonly set: readonly string[];
  readonly artifacts?: string;
  /** File inputs that are absent are taken by their digest on record; a run executes only the stages that `--only` names. */
  readonly frozen?: true;
}

/** The argument FILE. Throws a UserError for an address with credentials, before any message could repeat it. */
export function pipelineFile(text: string): string {
  if (urlCredentials(text).length === 0 || existsSync(text)) return text;
  throw new UserError(
    `${text} is not a file`,
    'download the pipeline first, and make a new credential: a command line can be seen by others',
  );
}

export function addSetOption(command: Command): Command {
  const add = repeated('Write a pipeline file that `extends` this one, with what is to be changed.');
  return command
    .option(
      '--set <path=value>',
      'override a parameter (epochs=3) or anything else (stages.train.with.batch_size=4); may be repeated',
      add,
      [],
    )
    .option(
      '--sweep <name=values>',
      'sweep a parameter: learning_rate=1e-5,5e-5 or epochs="{from: 1, to: 3, step: 1}"; may be repeated',
      (text: string) => {
        // One list in the order given: a later override counts, whichever of the two it is.
        command.setOptionValue('set', add(sweepOverride(text), command.getOptionValue('set')));
      },
    )
    .option(
      '--input <stage.input=file>',
      'let a stage read a file of yours instead: judge.responses=other.json; may be repeated',
      (text: string) => {
        command.setOptionValue('set', add(inputOverride(text), command.getOptionValue('set')));
      },
    )
    .option(
      '--slots <name=count>',
      'how many of a slot of the pipeline there are here: licence=2; may be repeated',
      (text: string) => {
        command.setOptionValue('set', add(slotOverride(text), command.getOptionValue('set')));
      },
    )
    .option(
      '--executor <name>',
      'where stages run that do not say it themselves: a name under configs/executors, such as local or slurm',
      (text: string) => {
        command.setOptionValue('set', add(executorOverride(text), command.getOptionValue('set')));
      },
    );
}

/** For verbs that only look: of `--frozen` only what it says of absent files counts there. */
export function addFrozenOption(command: Command): Command {
  return command.option('--frozen', 'take input files that are absent by their digest on record');
}

/** `--slots licence=2` as the `--set` that says the same. */
function slotOverride(text: string): string {
  if (!/^[A-Za-z_][\w-]*=\d+$/.test(text))
    throw new InvalidArgumentError('It must be of the form name=count.');
  return `slots.${text}`;
}

/** `--executor slurm` as the `--set` that says the same. */
function executorOverride(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must name an executor.');
  return `executor=${JSON.stringify(text)}`;
}

/** `--input judge.responses=FILE` as the `--set` that says the same. */
function inputOverride(text: string): string {
  const [, stage, input, path] = /^([A-Za-z_][\w-]*)\.([\w-]+)=(.+)$/s.exec(text) ?? [];
  if (path === undefined) throw new InvalidArgumentError('It must be of the form stage.input=file.');
  return `stages.${stage}.inputs.${input}={file: ${JSON.stringify(path)}}`;
}

/** `--sweep name=1,2` as the `--set` that says the same. */
export function sweepOverride(text: string): string {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('It must be of the form name=value,value.');
  const values = text.slice(equals + 1).trim();
  return `sweep.${text.slice(0, equals)}=${/^[[{]/.test(values) ? values : `[${values}]`}`;
}

export function addArtifactsOption(command: Command): Command {
  return command.option(
    '--artifacts <dir>',
    'where everything is written (default: artifacts/ in the project of the pipeline: the nearest folder at or above the file with a package.json or .git, else the current one)',
    folderName,
  );
}

/** Options of the verbs that choose stages. */
export interface StagesOptions {
  readonly force: readonly string[];
  /** These three absent: the whole pipeline. */
  readonly only?: readonly string[];
  readonly from?: readonly string[];
  readonly until?: readonly string[];
}

/** Which stages were chosen, as planning takes it. */
export function selectionOf({ only, from, until }: StagesOptions): Selection {
  return { ...(only && { only }), ...(from && { from }), ...(until && { until }) };
}

/** Reads an option that names a stage. */
export function stageNames(name: string, before?: readonly string[]): readonly string[] {
  const add = repeated(
    'The name of a stage stands for all its variants, and `--only` brings what the stage needs.',
  );
  return add(name, before);
}

export function addStagesOptions(command: Command): Command {
  return command
    .option('--force <stage>', 'run this stage even if it is cached; may be repeated', stageNames, [])
    .option(
      '--only <stage>',
      'only this stage and what it needs; may be repeated, or name several: judge,report or group:eval',
      stageNames,
    )
    .option(
      '--from <stage>',
      'only this stage and all that depends on it, with what those need; may be repeated',
      stageNames,
    )
    .option(
      '--until <stage>',
      'only this stage and all that it depends on; with --from only what is between; may be repeated',
      stageNames,
    );
}

export function addJobsOption(command: Command): Command {
  return command.option('-j, --jobs <n>', 'at most this many stages at once', positiveInteger);
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1.');
  return Number(text);
}

/** What an unset variable in a script leaves would mean the current folder. */
function folderName(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('It must name a folder.');
  return text;
}

/** For an option that may be repeated, each of which takes time in proportion to those before it. */
function repeated(insteadOfMore: string): (value: string, before?: readonly string[]) => readonly string[] {
  return (value, before = []) => {
    if (before.length < MOST_REPEATED) return [...before, value];
    throw new InvalidArgumentError(
      `It can be given ${MOST_REPEATED.toLocaleString('en')} times at most. ${insteadOfMore}`,
    );
  };
}
