import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { commandText } from '../../contract/command-text.ts';
import { StageError } from '../../contract/stage-context.ts';
import { show } from '../../terminal/show.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { projectRoot } from '../open/project-root.ts';
import { packagePath } from '../package-path.ts';
import { UserError } from '../user-error.ts';
import { type ChosenModel, chosenModel } from './chosen-model.ts';
import type { InitOptions } from './init-options.ts';
import { FEWEST_RECORDS, pipelineText } from './pipeline-text.ts';

/** The data that comes with pipe. */
const QUESTIONS = 'quickstart.json';

/**
 * Writes a first pipeline, and the data that comes with pipe if no other is given, and says what to do next. Asks for what
 * the options leave open where somebody can answer. Throws a UserError where the file exists, and StageError where the data
 * cannot be used; nothing is written then.
 */
export async function startProject(file: string, options: InitOptions): Promise<ExitCode> {
  refuseExisting(file);
  const canAsk = process.stdin.isTTY && process.stdout.isTTY && !options.yes;
  const answers = canAsk ? await answered(options) : options;
  if (answers === undefined) {
    show(process.stderr, 'Nothing was written.');
    return EXIT.interrupted;
  }
  const model = await chosenModel(answers.model ?? 'nano');
  const source = answers.data ?? packagePath('pipelines', 'data', QUESTIONS);
  const look = await lookAt(source, options.encoding);
  const folder = dirname(resolve(file));
  const copy = answers.data === undefined ? join(folder, 'data', QUESTIONS) : undefined;
  if (copy !== undefined) writeNew(copy, readFileSync(source), true);
  const text = pipelineText({
    name: nameOf(file),
    schema: schemaPath(folder),
    data: pathFrom(folder, copy ?? source),
    ...(options.encoding !== undefined && { encoding: options.encoding }),
    look,
    model: 'path' in model ? { ...model, path: pathFrom(folder, model.path) } : model,
  });
  writeNew(file, text, false);
  show(process.stdout, nextSteps(file, copy, model).join('\n'));
  return EXIT.done;
}

/** Asks, and checks each answer as it comes. */
async function answered(options: InitOptions) {
  const { askFor } = await import('./questions.ts');
  const problemOf = async (attempt: () => unknown): Promise<string | undefined> => {
    try {
      await attempt();
      return undefined;
    } catch (error) {
      if (!(error instanceof UserError || error instanceof StageError)) throw error;
      return error.hint === undefined ? error.message : `${error.message}\n  ${error.hint}`;
    }
  };
  return await askFor(options, {
    data: (answer) => problemOf(() => lookAt(answer, options.encoding)),
    model: (answer) => problemOf(() => chosenModel(answer)),
  });
}

async function lookAt(path: string, encoding: string | undefined) {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isFile()) {
    const what = found === undefined ? 'there is no file' : 'this is no file:';
    throw new UserError(`${what} ${path}`, 'give a file of JSON, JSON Lines, CSV or Parquet');
  }
  const { lookAtData } = await import('../../stages/format/look-at-data.ts');
  const look = await lookAtData(path, encoding);
  if (look.records >= FEWEST_RECORDS) return look;
  throw new StageError(
    `${path} holds ${look.records} questions and answers: too few to train, validate and test with.`,
    { hint: `At least ${FEWEST_RECORDS} are needed.` },
  );
}

function refuseExisting(file: string): void {
  if (!existsSync(file)) return;
  const other = file.replace(/(\.ya?ml)?$/i, '-2$1');
  throw new UserError(`${file} exists, and nothing is overwritten`, `name another: pipe init ${other}`);
}

/** Writes a file that is not there; with `orSame` one that is there with the same content is as good. */
function writeNew(path: string, content: string | Buffer, orSame: boolean): void {
  mkdirSync(dirname(resolve(path)), { recursive: true });
  try {
    writeFileSync(path, content, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (
      orSame &&
      statSync(path, { throwIfNoEntry: false })?.isFile() &&
      readFileSync(path).equals(Buffer.from(content))
    )
      return;
    throw new UserError(`${path} exists, and nothing is overwritten`, 'move it, or start in another folder');
  }
}

/** The path of the editor's schema: relative if pipe is installed in the project, so that it is right for everybody. */
function schemaPath(folder: string): string {
  const path = packagePath('schemas', 'pipeline.schema.json');
  const inside = path.startsWith(join(projectRoot(folder), '/'));
  return inside ? pathFrom(folder, path) : path;
}

function pathFrom(folder: string, path: string): string {
  const way = relative(folder, resolve(path));
  return way.startsWith('../') ? way : `./${way}`;
}

/** A name that pipelines may have, from that of the file. */
function nameOf(file: string): string {
  const name = basename(file, extname(file))
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '');
  return name.slice(0, 100) || 'experiment';
}

function nextSteps(file: string, copy: string | undefined, model: ChosenModel): readonly string[] {
  const written = [file, ...(copy === undefined ? [] : [relative(process.cwd(), copy)])].join(' and ');
  const download = ['published', 'named', 'repository'].includes(model.kind);
  const steps = [
    [commandText(['plan', file]), 'what would run'],
    [commandText(['run', file]), download ? 'downloads the model, trains, judges' : 'trains and judges'],
    [commandText(['open', file]), 'the report'],
    [commandText(['run', file, '--set', 'epochs=5']), 'change a number: only what depends on it runs again'],
  ] as const;
  const width = Math.max(...steps.map(([command]) => command.length));
  return [
    `Wrote ${written}. Next:`,
    ...steps.map(([command, what]) => `  ${command.padEnd(width)}   ${what}`),
  ];
}
