import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';

/** A server of Ollama with models of its own, and nothing of the user's. */
export class Ollama {
  readonly #program: string;
  readonly #home: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #server: ReturnType<typeof serve>;

  private constructor(program: string, home: string, host: string) {
    this.#program = program;
    this.#home = home;
    this.#environment = {
      HOME: home,
      OLLAMA_HOST: host,
      OLLAMA_MODELS: join(home, 'models'),
      OLLAMA_NO_CLOUD: '1',
    };
    this.#server = serve(program, this.#environment);
  }

  /** Starts it and waits until it answers. */
  static async start(program: string): Promise<Ollama> {
    const host = `127.0.0.1:${await freePort()}`;
    const ollama = new Ollama(program, mkdtempSync(join(tmpdir(), 'pipe-ollama-')), host);
    const started = Date.now();
    while (!(await fetch(`http://${host}/api/version`).catch(() => undefined))?.ok) {
      if (Date.now() - started > 30_000) throw new Error('Ollama did not start within 30 s');
      await setTimeout(200);
    }
    return ollama;
  }

  /** Makes a model from the Modelfile of a folder. */
  async create(name: string, folder: string): Promise<void> {
    await execa(this.#program, ['create', name, '-f', 'Modelfile'], { cwd: folder, env: this.#environment });
  }

  /** What it answers to a request of its API. */
  async ask(path: string, body: object): Promise<unknown> {
    const response = await fetch(`http://${this.#environment.OLLAMA_HOST}/api/${path}`, {
      method: 'POST',
      body: JSON.stringify({ stream: false, ...body }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return await response.json();
  }

  async stop(): Promise<void> {
    this.#server.kill();
    await this.#server;
    rmSync(this.#home, { recursive: true, force: true });
  }
}

function serve(program: string, env: Readonly<Record<string, string>>) {
  return execa(program, ['serve'], { env, stdout: 'ignore', stderr: 'ignore', reject: false });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
