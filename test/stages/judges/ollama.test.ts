import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chat, modelDigest, ollamaUrl } from '../../../src/stages/judges/ollama.ts';
import { closeServer, listen } from '../../servers/listen.ts';
import { type OllamaServer, startOllamaServer } from '../../servers/ollama-server.ts';

let server: OllamaServer;

beforeEach(async () => {
  server = await startOllamaServer(() => 'eighty-five');
});
afterEach(() => server.close());

const ask = (model = 'llama3', timeoutMs = 10_000, signal = new AbortController().signal) =>
  chat(
    server.url,
    { model, messages: [{ role: 'user', content: 'Score it.' }], options: {} },
    timeoutMs,
    signal,
  );

describe('modelDigest', () => {
  it('a server that accepts and never answers is told of, not waited for', async () => {
    const silent = createServer(() => {});
    const url = await listen(silent);
    try {
      await expect(modelDigest(url, 'llama3', new AbortController().signal, 30)).rejects.toMatchObject({
        name: 'TransientError',
        message: `nothing came from ${new URL(url).host} within 0.03 s`,
      });
    } finally {
      await closeServer(silent);
    }
  });

  it('that is cancelled meanwhile rejects with the reason', async () => {
    await expect(modelDigest(server.url, 'llama3', AbortSignal.abort('enough'))).rejects.toBe('enough');
  });
});

describe('chat', () => {
  it('joins the pieces of a streamed reply', async () => {
    expect(await ask()).toEqual({ content: 'eighty-five', doneReason: 'stop' });
  });

  it('tells when the reply was cut', async () => {
    server.answer = () => ({ content: '8', doneReason: 'length' });
    expect(await ask()).toEqual({ content: '8', doneReason: 'length' });
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

  it('another server is no Ollama', async () => {
    const elsewhere = chat(
      `${server.url}/elsewhere`,
      { model: 'llama3', messages: [], options: {} },
      10_000,
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
    ['https://judge.example/ollama/', 'https://judge.example/ollama'],
  ])('OLLAMA_HOST=%s is %s', (host, url) => {
    expect(ollamaUrl(undefined, { OLLAMA_HOST: host })).toBe(url);
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
