import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';

/** Whether tmux is here: without it there is no terminal to look at, and the tests of screens are skipped. */
export function hasTmux(): boolean {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface Screen {
  readonly columns: number;
  readonly rows: number;
}

/** One terminal of tmux, on a server of its own, in which a command works. */
export class Tmux {
  readonly #socket = `pipe-${randomUUID()}`;

  /** `command` is given to `sh`; the terminal stays when it has ended. Only `environment` and what tmux sets gets in. */
  constructor(
    command: string,
    folder: string,
    { columns, rows }: Screen,
    environment: Readonly<Record<string, string>>,
  ) {
    const variables = Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
    const size = ['-x', String(columns), '-y', String(rows)];
    this.#tmux(
      ['new-session', '-d', ...size, '-c', folder, ...variables, 'exec cat'],
      [';', 'set-option', '-g', 'status', 'off'],
      [';', 'set-option', '-g', 'remain-on-exit', 'on'],
      [';', 'set-option', '-g', 'default-terminal', 'tmux-256color'],
      // Only now, when the terminal is as it is to be; the terminal's own ^C would come sooner or later than the drawing.
      [';', 'respawn-pane', '-k', '-c', folder, ...variables, `stty -echoctl; ${command}; exec cat`],
    );
  }

  /** What is on the screen, without the empty rows at its end. */
  text(): string {
    return this.#capture().trimEnd();
  }

  /** The same with the escape sequences of colours and styles. */
  styled(): string {
    return this.#capture('-e').trimEnd();
  }

  /** What has moved out at the top, and what is on the screen. */
  all(): string {
    return this.#capture('-S', '-').trimEnd();
  }

  get isCursorShown(): boolean {
    return this.#tmux(['display-message', '-p', '#{cursor_flag}']).trim() === '1';
  }

  resize({ columns, rows }: Screen): void {
    this.#tmux(['resize-window', '-x', String(columns), '-y', String(rows)]);
  }

  /** Presses keys by their names in tmux: `C-c`, `Enter`. */
  press(...keys: readonly string[]): void {
    this.#tmux(['send-keys', ...keys]);
  }

  /** Ends the terminal and whatever works in it. */
  close(): void {
    // Its processes are one group; a hang-up would let them finish their work.
    process.kill(-Number(this.#tmux(['display-message', '-p', '#{pane_pid}'])), 'SIGKILL');
    this.#tmux(['kill-server']);
  }

  #capture(...options: readonly string[]): string {
    return this.#tmux(['capture-pane', '-p', ...options]);
  }

  #tmux(...commands: readonly (readonly string[])[]): string {
    const options = ['-u', '-f', '/dev/null', '-L', this.#socket];
    // A server takes the environment of whoever starts it.
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, LANG: 'C.UTF-8', TERM: 'xterm-256color' };
    return execFileSync('tmux', [...options, ...commands.flat()], { encoding: 'utf8', env });
  }
}
