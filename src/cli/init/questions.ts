import type { InitOptions } from './init-options.ts';

/** What was answered; undefined where a person left (Ctrl-C, Ctrl-D). */
export type Answers = Pick<InitOptions, 'data' | 'model'> | undefined;

/** Why an answer cannot be taken; undefined if it can. */
export type Check = (answer: string) => Promise<string | undefined>;

/**
 * Asks on the terminal for what the options leave open, at most two questions. An answer that cannot be taken is asked for
 * again, with the reason.
 */
export async function askFor(
  options: InitOptions,
  checks: { readonly data: Check; readonly model: Check },
): Promise<Answers> {
  const { createInterface } = await import('node:readline/promises');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const left = new AbortController();
  terminal.once('close', () => left.abort());
  terminal.once('SIGINT', () => left.abort());
  const ask = async (question: string, usual: string, check: Check): Promise<string> => {
    for (;;) {
      const answer = (await terminal.question(question, { signal: left.signal })).trim() || usual;
      const problem = answer === '' ? undefined : await check(answer);
      if (problem === undefined) return answer;
      process.stdout.write(`  ${problem}\n`);
    }
  };
  try {
    const data =
      options.data ??
      (await ask(
        'Data: a file of questions and answers (JSON, JSON Lines, CSV, Parquet).\nEnter alone takes small questions that come with pipe: ',
        '',
        checks.data,
      ));
    const model =
      options.model ??
      (await ask(
        'Model: nano (tiny, learns in minutes), gpt2-small, smollm2-135m, a folder, a GGUF file or a repository of Hugging Face [nano]: ',
        'nano',
        checks.model,
      ));
    return { ...(data !== '' && { data }), model };
  } catch (error) {
    if (left.signal.aborted) return undefined;
    throw error;
  } finally {
    terminal.close();
  }
}
