import type { Command, Option } from 'commander';
import type { Candidate, Typed } from './candidate.ts';
import { files, folders, pipelineFiles } from './file-candidates.ts';
import { PipelineCandidates } from './pipeline-candidates.ts';
import { runs, tags } from './run-candidates.ts';

/** Everything that a word after others may be, by the declarations of the verbs; it may begin otherwise. */
export async function candidatesFor(
  program: Command,
  words: readonly string[],
  current: string,
): Promise<readonly Candidate[]> {
  const [name, ...rest] = words;
  if (name === undefined) return current.startsWith('-') ? optionsOf(program) : verbsOf(program);
  if (name === 'help') return rest.length === 0 ? verbsOf(program) : [];
  const verb = program.commands.find((command) => command.name() === name);
  if (verb === undefined) return [];
  const { typed, pending } = readWords(verb, rest);
  const values = valuesFor(name, typed, current);
  if (pending !== undefined) return await values(placeOf(pending.flags), pending.argChoices);
  const [, option, value] = /^(--[\w-]+)=(.*)$/s.exec(current) ?? [];
  if (option !== undefined) {
    const declared = verb.options.find(({ long }) => long === option);
    if (declared === undefined) return [];
    const inner = await valuesFor(name, typed, value!)(placeOf(declared.flags), declared.argChoices);
    return inner.map((candidate) => ({ ...candidate, value: `${option}=${candidate.value}` }));
  }
  if (current.startsWith('-')) return optionsOf(verb);
  const argument = verb.registeredArguments[typed.given.length] ?? lastVariadic(verb);
  if (argument === undefined) return [];
  const place = argument.name().replace(/\.\.\.$/, '');
  return await values(place === 'file' ? 'pipeline' : place, argument.argChoices);
}

function verbsOf(program: Command): readonly Candidate[] {
  const verbs = program.commands.filter((command) => !command.name().startsWith('_'));
  return verbs.map((command) => ({ value: command.name(), about: command.description() }));
}

function optionsOf(command: Command): readonly Candidate[] {
  const own = command.options.flatMap(({ long, description }) =>
    long == null ? [] : [{ value: long, about: description }],
  );
  return [...own, { value: '--help', about: 'print this help' }];
}

function lastVariadic({ registeredArguments }: Command) {
  const last = registeredArguments.at(-1);
  return last?.variadic ? last : undefined;
}

/** Sorts words into arguments and options; `pending`: the option whose value comes next. */
function readWords(verb: Command, words: readonly string[]): { typed: Typed; pending: Option | undefined } {
  const given: string[] = [];
  const options = new Map<string, string[]>();
  let pending: Option | undefined;
  const add = (option: Option, value: string) => {
    const name = option.long ?? option.flags;
    options.set(name, [...(options.get(name) ?? []), value]);
  };
  for (const word of words) {
    const equals = word.indexOf('=');
    const [flag, value] =
      word.startsWith('--') && equals > 0 ? [word.slice(0, equals), word.slice(equals + 1)] : [word];
    const option = verb.options.find(({ long, short }) => long === flag || short === flag);
    if (pending !== undefined) {
      add(pending, word);
      pending = undefined;
    } else if (option !== undefined && value !== undefined) add(option, value);
    else if (option !== undefined) pending = option.required || option.optional ? option : undefined;
    else if (!word.startsWith('-')) given.push(word);
  }
  return { typed: { given, options }, pending };
}

/** The word in the brackets of an option: `stage` of `--only <stage>`. */
function placeOf(flags: string): string {
  return /[<[](.+?)(?:\.\.\.)?[>\]]/.exec(flags)?.[1] ?? '';
}

/** Gives the values that fit a place, by the word that stands for it in the help. */
function valuesFor(verb: string, typed: Typed, current: string) {
  const pipeline = new PipelineCandidates(typed, current);
  const artifacts = () => pipeline.artifacts();
  return async (place: string, choices?: readonly string[]): Promise<readonly Candidate[]> => {
    if (choices !== undefined) return choices.map((value) => ({ value }));
    switch (place) {
      case 'pipeline':
        return pipelineFiles(current);
      case '[file] stage':
        return typed.given.length > 0
          ? await pipeline.at('stage')
          : [...(await pipeline.at('stage')), ...pipelineFiles(current)];
      case 'what':
        return [...(await runs(artifacts())), ...pipelineFiles(current)];
      case 'run':
      case 'before':
      case 'after':
        return await runs(artifacts());
      case 'dir':
        return folders(current);
      case 'file':
      case 'path':
      case 'bundle':
      case 'destination':
      case 'folder or address':
        return files(current);
      case 'name':
        return verb === 'tag' ? await tags(artifacts()) : [];
      default:
        return await pipeline.at(place);
    }
  };
}
