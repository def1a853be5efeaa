import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type JsonObject, parseObject } from '../../../contract/json.ts';
import { StageError } from '../../../contract/stage-context.ts';
import { outsideText } from '../../../network/outside-text.ts';
import { linesOf } from '../../../text/lines.ts';
import type { JudgeContext } from '../judge-contract.ts';
import { namedSecret } from '../language-model/model-server.ts';
import type { SettingsOf } from '../settings.ts';
import { type Answer, answerOf } from './program-answer.ts';

/** What any program needs to find others, its user's files, and its language. */
const ALWAYS_PASSED = ['PATH', 'HOME', 'LANG', 'TMPDIR'];
/** A program that has answered everything may still have something to store. */
const LAST_WORDS_MS = 5000;
const TAIL_CHARACTERS = 4000;
const LINES_SHOWN = 10;

type Settings = SettingsOf<'command'>;

interface Asked {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A program that judges: it gets one JSON object a line on its standard input, {index, instruction, input, output,
 * model_response}, and answers each with a line {index, score}, in any order. It is started with the first question, in a
 * fresh folder that holds the input `program` as `inputs/program`, and ends when its standard input closes. Of the
 * environment it sees PATH, HOME, LANG, TMPDIR and the secret that `api_key` names.
 */
export class JudgingProgram {
  readonly #settings: Settings;
  readonly #context: JudgeContext;
  readonly #asked = new Map<number, Asked>();
  #started: Promise<ChildProcess> | undefined;
  /** Why the program gives no answers any more. */
  #over: StageError | undefined;
  #tail = '';

  constructor(settings: Settings, context: JudgeContext) {
    this.#settings = settings;
    this.#context = context;
  }

  /** Throws StageError where the program cannot be started, ends, or does not answer in time, and the signal's reason. */
  async ask(question: JsonObject, index: number, signal: AbortSignal): Promise<Answer> {
    this.#started ??= this.#start();
    const child = await this.#started;
    const { reply_timeout } = this.#settings;
    const late = AbortSignal.timeout(reply_timeout * 1000);
    const ended = AbortSignal.any([signal, late]);
    return await new Promise<Answer>((resolve, reject) => {
      if (this.#over) return reject(this.#over);
      const stop = () => reject(signal.aborted ? signal.reason : this.#silent(reply_timeout));
      if (ended.aborted) return stop(); // while the program was being started
      ended.addEventListener('abort', stop);
      this.#asked.set(index, { resolve, reject });
      child.stdin!.write(`${JSON.stringify({ index, ...question })}\n`);
    });
  }

  /** Lets the program end, and ends it if it does not. */
  async close(): Promise<void> {
    const child = await this.#started?.catch(() => undefined);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.stdin!.end();
    const limit = setTimeout(() => child.kill('SIGKILL'), this.#asked.size > 0 ? 0 : LAST_WORDS_MS);
    await once(child, 'exit');
    clearTimeout(limit);
  }

  async #start(): Promise<ChildProcess> {
    const { scratchDirectory, inputs } = this.#context;
    const directory = join(scratchDirectory, 'judge');
    await mkdir(join(directory, 'inputs'), { recursive: true });
    // Node would look for one above, and the project's decides whether a script is a module.
    await writeFile(join(directory, 'package.json'), '{}');
    if (inputs.program) await copyFile(inputs.program.path, join(directory, 'inputs', 'program'));
    const [program, ...args] = this.#settings.judge.command as [string, ...string[]];
    const child = spawn(program, args, { cwd: directory, env: this.#environment(), stdio: 'pipe' });
    child.stdin.on('error', () => {}); // it has ended: 'exit' says how
    child.stderr.on('data', (chunk: Buffer) => {
      this.#tail = `${this.#tail}${chunk}`.slice(-TAIL_CHARACTERS);
      process.stderr.write(chunk);
    });
    child.once('exit', (code, signal) => this.#end(this.#failure(code, signal)));
    this.#read(child.stdout).catch((error) => this.#end(error));
    try {
      await once(child, 'spawn');
    } catch (error) {
      throw new StageError(`Cannot start \`${program}\`: ${outsideText((error as Error).message)}.`, {
        hint: 'Give a program that is on PATH; a script is given as the input `program` and run as inputs/program.',
      });
    }
    return child;
  }

  #environment(): Record<string, string> {
    const { api_key } = this.#settings;
    const values = ALWAYS_PASSED.map((name) => [name, this.#context.environment[name]]);
    if (api_key !== undefined) values.push([api_key, namedSecret(api_key, this.#context)]);
    return Object.fromEntries(values.filter(([, value]) => value !== undefined));
  }

  async #read(stdout: NodeJS.ReadableStream): Promise<void> {
    for await (const line of linesOf(stdout as AsyncIterable<Uint8Array>)) {
      if (line.trim() === '') continue;
      const answer = parseObject(line);
      const asked = this.#asked.get(Number(answer?.index));
      if (!answer || !asked) throw this.#wrongLine(line);
      this.#asked.delete(Number(answer.index));
      asked.resolve(answerOf(answer));
    }
  }

  #end(error: StageError): void {
    this.#over ??= error;
    for (const { reject } of this.#asked.values()) reject(this.#over);
  }

  #name(): string {
    return `The judge \`${outsideText(this.#settings.judge.command.join(' '), 80)}\``;
  }

  #silent(seconds: number): StageError {
    return new StageError(`${this.#name()} gave no answer within ${seconds} s.`, {
      hint: 'It must answer each line before it waits for the next one, and flush its output. Raise `reply_timeout` if it is slow.',
    });
  }

  #wrongLine(line: string): StageError {
    return new StageError(`${this.#name()} wrote a line that is no answer: ${outsideText(line, 120)}`, {
      hint: 'Its standard output is for {"index": …, "score": …} alone; other words belong on standard error.',
    });
  }

  #failure(code: number | null, signal: NodeJS.Signals | null): StageError {
    const how = code === null ? `was ended by ${signal}` : `ended with exit code ${code}`;
    const lines = this.#tail.trim().split('\n').slice(-LINES_SHOWN);
    const words = lines.map((line) => outsideText(line)).join('\n');
    return new StageError(
      `${this.#name()} ${how} before it had answered everything${words === '' ? '.' : `:\n${words}`}`,
    );
  }
}
