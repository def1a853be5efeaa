import { parseObject } from '../../../contract/json.ts';
import { StageError } from '../../../contract/stage-context.ts';
import { textOf } from '../../network/bounded-body.ts';
import { type ModelServer, request } from '../language-model/model-server.ts';

/** Only words of an error depend on it. */
const PATIENCE_MS = 2000;
const MOST_BYTES = 16e6;

/**
 * The error for an address at which something else than Ollama answers. It looks what that is: Ollama itself under another
 * path, as in `http://host:11434/api`, or a server that speaks the API of OpenAI. Throws the signal's reason.
 */
export async function notOllama(server: ModelServer, signal: AbortSignal): Promise<StageError> {
  const message = `What answers at ${server.url} is not Ollama.`;
  const [, base, end] = /^(.*)\/(api|v1)$/.exec(server.url) ?? [];
  if (base !== undefined && (await lists({ ...server, url: base }, '/api/tags', 'models', signal))) {
    return new StageError(`${message} But ${base} is.`, {
      hint: `Leave out /${end} at the end of the address.`,
    });
  }
  const models = end === 'v1' ? '/models' : '/v1/models';
  if (await lists(server, models, 'data', signal)) {
    return new StageError(`${message} It is a server with the API of OpenAI.`, {
      hint: 'Use a judge with `kind: openai`; docs/guides/judges.md shows one.',
    });
  }
  return new StageError(message, { hint: server.checkHint });
}

async function lists(
  server: ModelServer,
  path: string,
  field: string,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const either = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    const response = await request(server, path, undefined, either);
    return response.ok && Array.isArray(parseObject(await textOf(response, MOST_BYTES))?.[field]);
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
