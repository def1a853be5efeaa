import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { closeServer, listen } from './listen.ts';

/** The body of POST /v1/chat/completions, as far as tests look at it. */
export interface CompletionBody {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly [field: string]: unknown;
}

/** What the server answers. A text alone is a whole reply. */
export type Completion =
  | string
  | {
      readonly content?: string | null;
      readonly finishReason?: 'stop' | 'length';
      readonly promptTokens?: number;
      readonly status?: number;
      /** The body instead of a completion. */
      readonly body?: unknown;
      /** Says nothing at all. */
      readonly hang?: true;
    };

export interface OpenAiServer {
  /** With /v1 at its end. */
  readonly url: string;
  readonly questions: readonly CompletionBody[];
  /** The key that every request must bring, if there is one. */
  key: string | undefined;
  answer: (question: CompletionBody, count: number) => Completion;
  close(): Promise<void>;
}

/**
 * Speaks the part of OpenAI's API that a judge uses, in the words of the /v1 of Ollama 0.17 and of llama.cpp's server: GET
 * /v1/models and POST /v1/chat/completions.
 */
export async function startOpenAiServer(
  answer: OpenAiServer['answer'],
  models: readonly string[] = ['judge-1'],
): Promise<OpenAiServer> {
  const questions: CompletionBody[] = [];
  const state = { answer, key: undefined as string | undefined };
  const server = createServer(async (request, response) => {
    const json = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (state.key !== undefined && request.headers.authorization !== `Bearer ${state.key}`)
      return json(401, { error: { message: 'Incorrect API key provided', type: 'invalid_request_error' } });
    if (request.url === '/v1/models')
      return json(200, { object: 'list', data: models.map((id) => ({ id, object: 'model' })) });
    if (request.url !== '/v1/chat/completions') return json(404, { detail: 'Not Found' });
    const body: CompletionBody = JSON.parse(await text(request));
    questions.push(body);
    const answer = state.answer(body, questions.length - 1);
    const given: Exclude<Completion, string> = typeof answer === 'string' ? { content: answer } : answer;
    const { content, finishReason, promptTokens, status, body: own, hang } = given;
    if (hang) return;
    if (own !== undefined || status !== undefined)
      return json(status ?? 200, own ?? { error: { message: 'an error' } });
    return json(200, {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      model: body.model,
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: finishReason ?? 'stop' }],
      usage: { prompt_tokens: promptTokens ?? 20, completion_tokens: 2, total_tokens: 22 },
    });
  });
  const url = `${await listen(server)}/v1`;
  return Object.assign(state, { url, questions, close: () => closeServer(server) });
}
