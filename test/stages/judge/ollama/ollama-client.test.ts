import { createServer, type RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { judge } from '../../../../src/stages/judge/judge.ts';
import type { ModelServer } from '../../../../src/stages/judge/language-model/model-server.ts';
import { chat, modelDigest } from '../../../../src/stages/judge/ollama/ollama-client.ts';
import { ollamaUrl } from '../../../../src/stages/network/ollama-address.ts';
import { closeServer, listen } from '../../../servers/listen.ts';
import { type OllamaServer, startOllamaServer } from '../../../servers/ollama-server.ts';
import { startOpenAiServer } from '../../../servers/openai-server.ts';
import { resolvedSettings } from '../../run-stage.ts';

const JUDGE = { kind: 'reference', label: 'x', metric: 'rouge_l' };
/** Ollama at an address, as the judge sees it. */
const at = (url: string): ModelServer => ({
  name: 'Ollama',
  url,
  keyVariable: 'OLLAMA_API_KEY',
  checkHint: 'Check it.',
  startHint: 'Start it.',
});
const within = (seconds: number) => ({ seconds, tokens: 100, thoughts: 100 });
let server: OllamaServer;

beforeEach(async () => {
  server = await startOllamaServer(() => 'eighty-five');
});
afterEach(() => server.close());

const ask = (model = 'llama3', timeoutMs = 10_000, signal = new AbortController().signal) =>
  chat(
    at(server.url),
    { model, messages: [{ role: 'user', content: 'Score it.' }], options: {} },
    within(timeoutMs / 1000),
    signal,
  );

describe('modelDigest', () => {
  it('a server that accepts and never answers is told of, not waited for', async () => {
    const silent = createServer(() => {});
    const url = await listen(silent);
    try {
      await expect(modelDigest(at(url), 'llama3', new AbortController().signal, 30)).rejects.toMatchObject({
        name: 'TransientError',
        message: `nothing came from ${new URL(url).host} within 0.03 s`,
      });
    } finally {
      await closeServer(silent);
    }
  });

  it('that is cancelled meanwhile rejects with the reason', async () => {
    await expect(modelDigest(at(server.url), 'llama3', AbortSignal.abort('enough'))).rejects.toBe('enough');
  });
});

describe('a server that is not reached as it must be', () => {
  const digest = (address: string, model = 'llama3') =>
    modelDigest(at(address), model, new AbortController().signal);

  it.each(['api', 'v1'])('because of /%s at the end is told what to leave out', async (end) => {
    await expect(digest(`${server.url}/${end}`)).rejects.toMatchObject({
      message: `What answers at ${server.url}/${end} is not Ollama. But ${server.url} is.`,
      hint: `Leave out /${end} at the end of the address.`,
    });
  });

  it.each(['', '/v1'])('because it speaks the API of OpenAI (at "%s") is told', async (end) => {
    const other = await startOpenAiServer(() => '85');
    try {
      const base = other.url.replace('/v1', '');
      await expect(digest(`${base}${end}`)).rejects.toMatchObject({
        message: `What answers at ${base}${end} is not Ollama. It is a server with the API of OpenAI.`,
        hint: expect.stringContaining('`kind: openai`'),
      });
    } finally {
      await other.close();
    }
  });

  it('for the model has another name is told what there is', async () => {
    server.models.set('mistral:7b', 'd2');
    await expect(digest(server.url, 'mistral')).rejects.toMatchObject({
      message: `Ollama at ${server.url} does not have the model mistral. It has llama3:latest, mistral:7b.`,
      hint: 'Get it: ollama pull mistral',
    });
  });

  it('because it wants a login is told', async () => {
    server.key = 'k';
    await expect(digest(server.url)).rejects.toMatchObject({
      message: `Ollama at ${server.url}, or a proxy before it, wants a login (401).`,
      hint: expect.stringContaining('secrets: [OLLAMA_API_KEY]'),
    });
  });
});

describe('chat', () => {
  it('joins the pieces of a streamed reply', async () => {
    expect(await ask()).toEqual({ content: 'eighty-five', end: 'stop', prompt_tokens: 20, reply_tokens: 2 });
  });

  it('tells when the reply was cut', async () => {
    server.answer = () => ({ content: '8', doneReason: 'length' });
    expect(await ask()).toEqual({ content: '8', end: 'length', prompt_tokens: 20, reply_tokens: 2 });
  });

  it.each([
    ['a full queue', { status: 503, error: 'server busy' }, 'Ollama answered 503: server busy'],
    [
      'an error within',
      { status: 500, error: 'llama runner crashed' },
      'Ollama answered 500: llama runner crashed',
    ],
    [
      'an error in mid-stream',
      { content: '85', error: 'out of memory' },
      'Ollama broke off its reply: out of memory',
    ],
    [
      'a broken connection',
      { content: '85', fault: 'drop' as const },
      /^the connection to 127\.0\.0\.1:\d+ broke: /,
    ],
  ])('%s may be gone at the next try', async (_, answer, message) => {
    server.answer = () => answer;
    await expect(ask()).rejects.toMatchObject({
      name: 'TransientError',
      message: expect.stringMatching(message),
    });
  });

  it('a page of a proxy may be gone at the next try', async () => {
    server.answer = () => ({ status: 502, fault: 'page' });
    await expect(ask()).rejects.toMatchObject({
      name: 'TransientError',
      message: 'a proxy answered 502 with a web page',
      hint: 'Is Ollama running behind that proxy? Check it.',
    });
  });

  it('too little memory is told at once', async () => {
    const error = 'model requires more system memory (5.6 GiB) than is available (3.1 GiB)';
    server.answer = () => ({ status: 500, error });
    await expect(ask()).rejects.toMatchObject({
      name: 'StageError',
      message: `Ollama at ${server.url} cannot run the model llama3: ${error}.`,
      hint: expect.stringContaining('`num_ctx`'),
    });
  });

  it('a reply without an end is cut when it is longer than its bound', async () => {
    server.answer = () => ({ content: '85 ', fault: 'endless' });
    const { content, end } = await ask();
    expect(end).toBe('length');
    expect(content.trim().split(' ')).toHaveLength(101);
  });

  it('thoughts have a bound of their own, in whatever field they come', async () => {
    const asked = (content: string) => {
      server.answer = () => ({ content, fault: 'endless' });
      const question = { model: 'llama3', messages: [], options: {} };
      const bounds = { seconds: 10, tokens: 10, thoughts: 50 };
      return chat(at(server.url), question, bounds, new AbortController().signal);
    };
    expect((await asked('<think>')).content.length).toBe('<think>'.length * 51);
    expect((await asked('no ')).content.length).toBe('no '.length * 11);
  });

  it('a reply in pieces without an end is cut as soon', async () => {
    server.answer = () => ({ content: 'x'.repeat(60_000), fault: 'endless' });
    const { content, end } = await ask();
    expect([content.length, end]).toEqual([60_000, 'length']);
  });

  it('an answer after thoughts has its own bound', async () => {
    server.answer = () => `<think>${'hm '.repeat(800)}</think>\n\n85`;
    const question = { model: 'llama3', messages: [], options: {} };
    const bounds = { seconds: 10, tokens: 90, thoughts: 100 };
    const reply = await chat(at(server.url), question, bounds, new AbortController().signal);
    expect(reply).toMatchObject({ content: expect.stringMatching(/85$/), end: 'stop' });
  });

  it('thoughts in a field of their own are no part of the reply', async () => {
    server.answer = () => ({ content: '85', thinking: 'Is it 40? Or 90?' });
    expect((await ask()).content).toBe('85');
  });

  it('a reply that does not end in time is given as far as it came', async () => {
    server.answer = () => ({ content: 'I think', fault: 'stall' });
    await expect(ask('llama3', 100)).rejects.toMatchObject({
      name: 'UnfinishedReply',
      message: 'the reply did not end within 0.1 s',
      content: 'I think',
    });
  });

  it('silence may be gone at the next try', async () => {
    server.answer = () => ({ fault: 'hang' });
    await expect(ask('llama3', 30)).rejects.toMatchObject({
      name: 'TransientError',
      message: 'Ollama said nothing for 0.03 s',
    });
  });

  it('a missing model is told with the command that gets it', async () => {
    await expect(ask('mistral')).rejects.toMatchObject({
      name: 'StageError',
      message: `Ollama at ${server.url} does not have the model mistral.`,
      hint: 'Get it: ollama pull mistral',
    });
  });

  it('a setting that the model does not take is told in the words of Ollama', async () => {
    server.answer = () => ({ status: 400, error: '"llama3" does not support thinking' });
    await expect(ask()).rejects.toMatchObject({
      message: `Ollama at ${server.url} answered 400: "llama3" does not support thinking.`,
      hint: expect.stringContaining('`think`'),
    });
  });

  it('another server is no Ollama', async () => {
    const elsewhere = chat(
      at(`${server.url}/elsewhere`),
      { model: 'llama3', messages: [], options: {} },
      within(10),
      new AbortController().signal,
    );
    await expect(elsewhere).rejects.toThrow(`What answers at ${server.url}/elsewhere is not Ollama.`);
  });

  it('ends with the reason when it is cancelled', async () => {
    const cancel = new AbortController();
    server.answer = () => {
      cancel.abort(new Error('cancelled'));
      return { fault: 'hang' };
    };
    await expect(ask('llama3', 10_000, cancel.signal)).rejects.toThrow('cancelled');
  });
});

describe('the address of Ollama', () => {
  it.each([
    [undefined, 'http://127.0.0.1:11434'],
    ['', 'http://127.0.0.1:11434'],
    ['0.0.0.0', 'http://127.0.0.1:11434'],
    ['0.0.0.0:8080', 'http://127.0.0.1:8080'],
    [':8080', 'http://127.0.0.1:8080'],
    ['judge.local', 'http://judge.local:11434'],
    ['judge.local:80', 'http://judge.local'],
    ['[::1]:11434', 'http://[::1]:11434'],
    ['::1', 'http://[::1]:11434'],
    ['::', 'http://[::1]:11434'],
    ['[::]:8080', 'http://[::1]:8080'],
    ['"127.0.0.1:8080"', 'http://127.0.0.1:8080'],
    [" 'judge.local' ", 'http://judge.local:11434'],
    ['https://judge.example/ollama/', 'https://judge.example/ollama'],
  ])('OLLAMA_HOST=%s is %s', (host, url) => {
    expect(ollamaUrl(undefined, { OLLAMA_HOST: host })).toBe(url);
  });

  it.each([
    'http://me:hunter2@host:99999',
    'me:hunter2@[bad',
    'http:\\\\me:hunter2@host',
    'http:me:hunter2@host',
    '//me:hunter2@host',
    'me:hunter2@host',
  ])('%s is refused and not shown', (host) => {
    const refused = (setting: string | undefined, environment: Record<string, string>) => {
      try {
        return ollamaUrl(setting, environment);
      } catch (error) {
        return String(error);
      }
    };
    for (const shown of [refused(host, {}), refused(undefined, { OLLAMA_HOST: host })]) {
      expect(shown).toContain('The address of Ollama is wrong');
      expect(shown).not.toContain('hunter2');
    }
    expect(() => resolvedSettings(judge, { judge: JUDGE, url: host })).toThrow('settings.url');
  });

  it('may have no scheme in the setting, and a path with an @', () => {
    for (const url of ['127.0.0.1:11434', 'judge', 'HTTP://judge:1/a@b', 'http://[::1]:11434/x'])
      expect(resolvedSettings(judge, { judge: JUDGE, url }).url).toBe(url);
  });

  it('of the setting goes before the variable', () => {
    expect(ollamaUrl('http://a:1', { OLLAMA_HOST: 'b:2' })).toBe('http://a:1');
  });

  it('with a password is an error', () => {
    expect(() => ollamaUrl('http://me:secret@host', {})).toThrow(
      'The address of Ollama is wrong: the URL of host holds a user name or password',
    );
  });
});

describe('a hostile server', () => {
  const signal = new AbortController().signal;
  /** Asks a server that answers so for the digest, and then a question. */
  async function failures(answer: RequestListener): Promise<string[]> {
    const hostile = createServer((request, response) => {
      response.on('error', () => {});
      answer(request, response);
    });
    const url = await listen(hostile);
    const question = {
      model: 'llama3',
      messages: [{ role: 'user' as const, content: 'a secret' }],
      options: {},
    };
    const message = (error: unknown) => (error as Error).message.replaceAll(new URL(url).host, 'HOST');
    try {
      return await Promise.all([
        modelDigest(at(url), 'llama3', signal).then(String, message),
        chat(at(url), question, within(10), signal).then(({ content }) => content, message),
      ]);
    } finally {
      await closeServer(hostile);
    }
  }
  const endless =
    (status: number, chunk: string): RequestListener =>
    (_, response) => {
      response.writeHead(status);
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    };
  const json =
    (value: unknown, status = 200): RequestListener =>
    (_, response) =>
      response.writeHead(status).end(`${JSON.stringify(value)}\n`);

  it('that sends lines or lists without an end is refused', async () => {
    expect(await failures(endless(200, 'x'.repeat(65_536)))).toEqual([
      "http://HOST/api/tags sent more than 16000000 bytes: that is not what a judge's server does.",
      "http://HOST/api/chat sent a line of more than 1000000 bytes: that is not what a judge's server does.",
    ]);
    const [, reply] = await failures(endless(200, `{"x":"${'x'.repeat(60_000)}"}\n`));
    expect(reply).toBe(
      "http://HOST/api/chat sent more than 64000000 bytes: that is not what a judge's server does.",
    );
  });

  it('that sends an error without an end is told by its status', async () => {
    const expected = ['Ollama answered 500', 'Ollama answered 500'];
    expect(await failures(endless(500, 'x'.repeat(65_536)))).toEqual(expected);
  });

  it('that sends what unpacks without an end is refused', async () => {
    const bomb = gzipSync(Buffer.alloc(100_000_000, 'x'));
    const [tags, reply] = await failures((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    expect(tags).toContain('sent more than 16000000 bytes');
    expect(reply).toContain('sent a line of more than 1000000 bytes');
  });

  it('that redirects sees no question at the other address', async () => {
    const seen: string[] = [];
    const other = createServer((request, response) => {
      seen.push(request.url ?? '');
      response.end('{}');
    });
    const elsewhere = await listen(other);
    try {
      for (const status of [301, 302, 303, 307, 308]) {
        const location = `${elsewhere.replace('//', '//me:hunter2@')}/x?token=hunter2`;
        const messages = await failures((_, response) => response.writeHead(status, { location }).end());
        expect(messages).toEqual(
          ['tags', 'chat'].map(
            (path) =>
              `http://HOST/api/${path} redirects to ${elsewhere}. Questions to a judge are not redirected.`,
          ),
        );
      }
      expect(seen).toEqual([]);
    } finally {
      await closeServer(other);
    }
  });

  it('that sends escape sequences shows none of them', async () => {
    const [tags, reply] = await failures(
      json({ error: `bad\u001b[2J\u001b]0;title\u0007\u009b3m\n${'x'.repeat(9000)}` }, 503),
    );
    for (const message of [tags, reply]) expect(message).toMatch(/^Ollama answered 503: bad\P{Cc}{1,310}$/u);
  });

  it.each([undefined, null, 7, '', 'not hex', {}])('whose digest is %j is no judge', async (digest) => {
    const [tags] = await failures(json({ models: [null, { name: 'llama3', digest }] }));
    expect(tags).toBe('Ollama at http://HOST gives no digest of the model llama3.');
  });

  it.each([null, 7, [], 'text', { message: { content: 5 } }, { message: 7 }])(
    'whose line is %j breaks nothing',
    async (line) => {
      const [, reply] = await failures(json(line));
      expect(reply).toMatch(/^Ollama (sent a line that is not a JSON object|ended its reply in the middle)$/);
    },
  );
});
