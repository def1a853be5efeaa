import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { WebSocket } from 'undici';

/** A Chromium on this machine: the one that PIPE_CHROMIUM names, or one of the usual names; undefined without one. */
export function findChromium(): string | undefined {
  const names = [process.env.PIPE_CHROMIUM ?? [], 'chromium', 'chromium-browser', 'google-chrome'].flat();
  return names.find((name) => {
    try {
      execFileSync(name, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

export interface Look {
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
  readonly scripts?: boolean;
}

/** A headless Chromium with one tab, driven through its DevTools protocol. */
export class Browser {
  /** What the page wrote to the console as an error, and exceptions. */
  readonly errors: string[] = [];
  /** Addresses that the page asked for, itself left out. */
  readonly requests: string[] = [];
  readonly #program: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #waiting = new Map<string, () => void>();
  #last = 0;

  private constructor(program: ChildProcess, profile: string, socket: WebSocket) {
    this.#program = program;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data)) as Message));
  }

  static async start(chromium: string): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'pipe-chromium-'));
    const flags = [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--remote-debugging-port=0',
      '--hide-scrollbars',
    ];
    const program = spawn(chromium, [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let address: string | undefined;
    for await (const line of createInterface({ input: program.stderr! })) {
      address = /DevTools listening on ws:\/\/([^/]+)/.exec(line)?.[1];
      if (address !== undefined) break;
    }
    if (address === undefined) throw new Error(`${chromium} ended before it listened`);
    // Closing the reader has paused it; a full pipe would stop the browser.
    program.stderr!.resume();
    const tabs = (await (await fetch(`http://${address}/json/list`)).json()) as {
      type: string;
      webSocketDebuggerUrl: string;
    }[];
    const socket = new WebSocket(tabs.find(({ type }) => type === 'page')!.webSocketDebuggerUrl);
    await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
    const browser = new Browser(program, profile, socket);
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await browser.#call(`${domain}.enable`);
    return browser;
  }

  /** Opens a file and waits until it is loaded. */
  async open(
    path: string,
    { width = 1280, scheme = 'light', scripts = true }: Look = {},
    hash = '',
  ): Promise<void> {
    this.errors.length = 0;
    this.requests.length = 0;
    const size = { width, height: 900, deviceScaleFactor: 1, mobile: width < 500 };
    await this.#call('Emulation.setDeviceMetricsOverride', size);
    await this.#call('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: scheme }],
    });
    await this.#call('Emulation.setScriptExecutionDisabled', { value: !scripts });
    // From another page, because a change of the hash alone loads nothing.
    await this.#navigate('about:blank');
    this.requests.length = 0;
    await this.#navigate(`${pathToFileURL(path)}${hash}`);
  }

  async #navigate(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => this.#waiting.set('Page.loadEventFired', resolve));
    await this.#call('Page.navigate', { url });
    await loaded;
  }

  /** The value of an expression in the page; of a promise its result. */
  async evaluate<Value>(expression: string): Promise<Value> {
    const options = { expression, awaitPromise: true, returnByValue: true };
    const { result, exceptionDetails } = (await this.#call('Runtime.evaluate', options)) as {
      result: { value: Value };
      exceptionDetails?: unknown;
    };
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return result.value;
  }

  /** Presses a key as a person does. */
  async press(key: string): Promise<void> {
    const text = key.length === 1 ? { text: key } : {};
    await this.#call('Input.dispatchKeyEvent', { type: 'keyDown', key, ...text });
    await this.#call('Input.dispatchKeyEvent', { type: 'keyUp', key });
    await this.frame();
  }

  /** Presses at the first point, moves to the last and lets go. */
  async drag(points: readonly (readonly [x: number, y: number])[]): Promise<void> {
    const mouse = (type: string, [x, y]: readonly [number, number]) =>
      this.#call('Input.dispatchMouseEvent', { type, x, y, button: 'left', buttons: 1, clickCount: 1 });
    await mouse('mousePressed', points[0]!);
    for (const point of points.slice(1)) await mouse('mouseMoved', point);
    await mouse('mouseReleased', points.at(-1)!);
    await this.frame();
  }

  /** Moves the pointer, with no button pressed. */
  async point(x: number, y: number): Promise<void> {
    await this.#call('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y });
    await this.frame();
  }

  /** Waits until what was asked for has been drawn. */
  async frame(): Promise<void> {
    await this.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.#call('Page.captureScreenshot', { format: 'png' });
    return Buffer.from(data as string, 'base64');
  }

  async pdf(): Promise<Buffer> {
    const { data } = await this.#call('Page.printToPDF', { printBackground: true, preferCSSPageSize: true });
    return Buffer.from(data as string, 'base64');
  }

  /** Ends the browser and removes its profile. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#program.once('exit', resolve));
    this.#socket.close();
    this.#program.kill('SIGKILL');
    await ended;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  async #call(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = ++this.#last;
    const answer = new Promise<Message>((resolve) => this.#answers.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result!;
  }

  #receive(message: Message): void {
    const { id, method, params = {} } = message;
    if (id !== undefined) {
      this.#answers.get(id)?.(message);
      this.#answers.delete(id);
    } else if (method === 'Network.requestWillBeSent') {
      const { request, documentURL } = params as { request: { url: string }; documentURL: string };
      if (request.url.split('#')[0] !== documentURL.split('#')[0]) this.requests.push(request.url);
    } else if (method === 'Runtime.exceptionThrown') this.errors.push(JSON.stringify(params));
    else if (method === 'Log.entryAdded') this.errors.push(JSON.stringify(params.entry));
    else if (method === 'Runtime.consoleAPICalled' && params.type === 'error')
      this.errors.push(JSON.stringify(params));
    else if (method !== undefined) {
      this.#waiting.get(method)?.();
      this.#waiting.delete(method);
    }
  }
}
