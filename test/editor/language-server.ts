import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const PACKAGE = dirname(createRequire(import.meta.url).resolve('yaml-language-server/package.json'));

interface Position {
  readonly line: number;
  readonly character: number;
}

export interface EditorDiagnostic {
  readonly message: string;
  /** The text that is underlined. */
  readonly text: string;
}

/** Red Hat's YAML language server, which editors run, as an editor speaks to it: JSON-RPC over standard input and output. */
export class LanguageServer {
  readonly #process: ChildProcess;
  readonly #answers = new Map<number, (result: unknown) => void>();
  readonly #diagnostics = new Map<string, (found: readonly { message: string; range: Range }[]) => void>();
  #received = Buffer.alloc(0);
  #requests = 0;
  #documents = 0;

  private constructor() {
    this.#process = spawn(process.execPath, [join(PACKAGE, 'bin/yaml-language-server'), '--stdio'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#process.stdout!.on('data', (bytes: Buffer) => this.#read(bytes));
  }

  /** Starts a server that may read schemas from the disk and asks no other server. */
  static async start(): Promise<LanguageServer> {
    const server = new LanguageServer();
    await server.#ask('initialize', {
      processId: process.pid,
      rootUri: null,
      capabilities: {
        textDocument: {
          hover: { contentFormat: ['markdown'] },
          completion: { completionItem: { documentationFormat: ['markdown'] } },
        },
        workspace: { configuration: true },
      },
    });
    server.#tell('initialized', {});
    return server;
  }

  stop(): void {
    this.#process.kill('SIGKILL');
  }

  /** Opens a text in the editor, as if it were stored in `folder`. */
  open(text: string, folder: string): Document {
    const uri = pathToFileURL(join(folder, `open-${++this.#documents}.yaml`)).href;
    const checked = new Promise<readonly EditorDiagnostic[]>((done) => {
      this.#diagnostics.set(uri, (found) =>
        done(found.map(({ message, range }) => ({ message, text: textIn(text, range) }))),
      );
    });
    this.#tell('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
    const ask = (method: string, position: Position) =>
      this.#ask(`textDocument/${method}`, { textDocument: { uri }, position });
    return {
      diagnostics: () => checked,
      hover: async (words) => {
        const found = (await ask('hover', positionOf(text, text.indexOf(words) + 1))) as Hover | null;
        return found?.contents.value ?? '';
      },
      complete: async (after) => {
        const at = positionOf(text, text.indexOf(after) + after.length);
        const list = (await ask('completion', at)) as { items: { label: string }[] };
        return list.items.map(({ label }) => label);
      },
    };
  }

  #ask(method: string, params: unknown): Promise<unknown> {
    const id = ++this.#requests;
    return new Promise((done) => {
      this.#answers.set(id, done);
      this.#send({ id, method, params });
    });
  }

  #tell(method: string, params: unknown): void {
    this.#send({ method, params });
  }

  #send(message: object): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#process.stdin!.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #read(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      const head = this.#received.indexOf('\r\n\r\n');
      const length = Number(/Content-Length: (\d+)/.exec(this.#received.toString('latin1', 0, head))?.[1]);
      if (head < 0 || this.#received.length < head + 4 + length) return;
      const body = this.#received.toString('utf8', head + 4, head + 4 + length);
      this.#received = this.#received.subarray(head + 4 + length);
      this.#take(JSON.parse(body));
    }
  }

  #take({ id, method, params, result }: Message): void {
    if (method === undefined) this.#answers.get(id!)?.(result);
    else if (method === 'textDocument/publishDiagnostics')
      this.#diagnostics.get(params!.uri!)?.(params!.diagnostics!);
    // What the server asks of the editor: its settings, of which there are none, and leave to register itself.
    else if (id !== undefined) this.#send({ id, result: (params?.items ?? []).map(() => SETTINGS) });
  }
}

const SETTINGS = { validate: true, hover: true, completion: true, schemaStore: { enable: false } };

/** A text that is open in the editor. Words mean their first place in the text. */
export interface Document {
  diagnostics(): Promise<readonly EditorDiagnostic[]>;
  /** What is shown for words, as Markdown. */
  hover(words: string): Promise<string>;
  /** What is offered right behind words. */
  complete(after: string): Promise<readonly string[]>;
}

interface Range {
  readonly start: Position;
  readonly end: Position;
}

interface Hover {
  readonly contents: { readonly value: string };
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly result?: unknown;
  readonly params?: {
    readonly uri?: string;
    readonly diagnostics?: readonly { message: string; range: Range }[];
    readonly items?: readonly unknown[];
  };
}

function positionOf(text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length - 1, character: before.at(-1)!.length };
}

function textIn(text: string, { start, end }: Range): string {
  const lines = text.split('\n');
  return start.line === end.line
    ? lines[start.line]!.slice(start.character, end.character)
    : lines[start.line]!.slice(start.character);
}
