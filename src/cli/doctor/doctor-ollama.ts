import { StageError } from '../../contract/stage-context.ts';
import { ollamaUrl } from '../../stages/network/ollama-address.ts';
import type { DoctorReport } from '../json-shapes/doctor.ts';

/** A server on this machine or network answers within this, or not at all. */
const PATIENCE_MS = 3000;

/** Asks the server that OLLAMA_HOST names, or the one on this machine. Never throws. */
export async function reportOllama(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<DoctorReport['ollama']> {
  let url = '';
  try {
    url = ollamaUrl(undefined, environment);
    const [{ version }, { models }] = await Promise.all([
      ask<{ version: string }>(`${url}/api/version`),
      ask<{ models: readonly { readonly name: string }[] }>(`${url}/api/tags`),
    ]);
    return { url, reachable: true, version, models: models.map(({ name }) => name).sort() };
  } catch (error) {
    const problem =
      error instanceof StageError
        ? `${error.message} ${error.hint ?? ''}`.trim()
        : 'does not answer; needed only to judge with a model: install it from https://ollama.com and start it with `ollama serve`';
    return { url, reachable: false, models: [], problem };
  }
}

async function ask<Answer>(url: string): Promise<Answer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  return (await response.json()) as Answer;
}
