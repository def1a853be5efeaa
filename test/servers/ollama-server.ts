import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { closeServer, listen } from './listen.ts';

/** The body of POST /api/chat, as far as the server looks at it. */
export interface ChatBody {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly stream?: boolean;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly format?: unknown;
  readonly think?: unknown;
  readonly keep_alive?: unknown;
}

/** What the server does with a question. A text alone is a whole reply. */
type Answer =
  | string
  | {
      readonly content?: string;
      /** `length`: the reply was cut at num_predict. */
      readonly doneReason?: 'stop' | 'length';
      /** Answers with this status and `error`. */
      readonly status?: number;
      /** With status 200: sends half of the content, then this error as a line of the stream. */
      readonly error?: string;
      /** Tokens of the question as the server counts them, after it has cut what does not fit. */
      readonly promptTokens?: number;
      /** What a reasoning model thinks first, in words of their own. */
      readonly thinking?: string;
      /**
       * `drop` breaks the connection after half of the content, `hang` says nothing at all, `endless` repeats the content
       * until nobody listens, `stall` says the content and never ends, `page` answers `status` with a page of a proxy.
       */
      readonly fault?: 'drop' | 'hang' | 'endless' | 'stall' | 'page';
    };

export interface OllamaServer {
  readonly url: string;
  /** Every question in the order in which they came. */
  readonly questions: readonly ChatBody[];
  /** The greatest number of questions that were open at one time. */
  readonly mostAtOnce: number;
  /** Model names with a tag -> digest; may be changed while the server runs. */
  readonly models: Map<string, string>;
  /** The key that every request must bring, if there is one. */
  key: string | undefined;
  /** Decides the answer; may be replaced while the server runs. `count`: questions before this one. */
  answer: (question: ChatBody, count: number) => Answer | Promise<Answer>;
  close(): Promise<void>;
}

/**
 * Speaks the part of Ollama's API that a judge uses, as a real 0.17 server did: GET /api/tags, /api/version,
 * POST /api/chat streamed (NDJSON) and not.
 */
export async function startOllamaServer(
  answer: OllamaServer['answer'],
  modelNames: readonly string[] = ['llama3:latest'],
): Promise<OllamaServer> {
  const questions: ChatBody[] = [];
  const models = new Map(modelNames.map((name) => [name, digestOf(name)]));
  const state = { answer, key: undefined as string | undefined, open: 0, mostAtOnce: 0 };
  const server = createServer(async (request, response) => {
    if (state.key !== undefined && request.headers.authorization !== `Bearer ${state.key}`)
      return json(response, 401, { error: 'unauthorized' });
    if (request.url === '/api/version') return json(response, 200, { version: '0.17.4' });
    if (request.url === '/api/tags') {
      return json(response, 200, {
        models: [...models].map(([name, digest]) => ({ name, model: name, digest })),
      });
    }
    if (request.url !== '/api/chat' || request.method !== 'POST') {
      return response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
    }
    const body = parse(await text(request));
    if (body === undefined) return json(response, 400, { error: 'invalid JSON' });
    const model = body.model.includes(':') ? body.model : `${body.model}:latest`;
    if (!models.has(model)) return json(response, 404, { error: `model '${body.model}' not found` });
    state.open += 1;
    state.mostAtOnce = Math.max(state.mostAtOnce, state.open);
    response.on('close', () => {
      state.open -= 1;
    });
    questions.push(body);
    reply(response, body, await state.answer(body, questions.length - 1));
  });
  const url = await listen(server);
  return Object.assign(state, { url, questions, models, close: () => closeServer(server) });
}

/** A digest as /api/tags shows one. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function reply(response: ServerResponse, { model, stream }: ChatBody, answer: Answer): void {
  const {
    content = '',
    doneReason = 'stop',
    status,
    error,
    promptTokens = 20,
    thinking,
    fault,
  } = typeof answer === 'string' ? { content: answer } : answer;
  if (fault === 'hang') return;
  if (fault === 'page') {
    response
      .writeHead(status ?? 502, { 'content-type': 'text/html' })
      .end('<html><h1>Bad Gateway</h1></html>');
    return;
  }
  if (status !== undefined) {
    json(response, status, { error: error ?? 'an error' });
    return;
  }
  const line = (content: string, done: boolean) => ({
    model,
    created_at: new Date().toISOString(),
    message: { role: 'assistant', content },
    done,
  });
  const last = {
    done_reason: doneReason,
    total_duration: 5_000_000,
    prompt_eval_count: promptTokens,
    eval_count: 2,
  };
  if (stream === false && error === undefined) {
    json(response, 200, { ...line(content, true), ...last });
    return;
  }
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  if (thinking !== undefined) {
    const thought = { ...line('', false), message: { role: 'assistant', content: '', thinking } };
    response.write(`${JSON.stringify(thought)}\n`);
  }
  if (fault === 'stall') {
    response.write(`${JSON.stringify(line(content, false))}\n`);
    return;
  }
  if (fault === 'endless') {
    const more = () => {
      while (!response.destroyed && response.write(`${JSON.stringify(line(content, false))}\n`));
    };
    response.on('drain', more).on('error', () => {});
    more();
    return;
  }
  const middle = Math.ceil(content.length / 2);
  response.write(`${JSON.stringify(line(content.slice(0, middle), false))}\n`, () => {
    if (fault === 'drop') response.socket?.destroySoon();
  });
  if (fault === 'drop') return;
  if (error !== undefined) response.end(`${JSON.stringify({ error })}\n`);
  else {
    response.write(`${JSON.stringify(line(content.slice(middle), false))}\n`);
    response.end(`${JSON.stringify({ ...line('', true), ...last })}\n`);
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

function parse(text: string): ChatBody | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
