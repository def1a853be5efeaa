import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { command } from '../../../src/stages/command/command.ts';
import { closeServer, listen } from '../../servers/listen.ts';
import { freshDirectory, removeDirectories, resolvedSettings, runStage } from '../run-stage.ts';

afterEach(removeDirectories);

function file(content: string): string {
  const path = join(freshDirectory(), 'file');
  writeFileSync(path, content);
  return path;
}

const shell = (run: string, outputs: Record<string, unknown> = { result: 'result.txt' }, inputs = {}) =>
  runStage(command, { with: { run, outputs }, inputs });

describe('the command stage', () => {
  it('finds its inputs at inputs/NAME and leaves its output where it was declared', async () => {
    const run = await shell('tr a-z A-Z < inputs/text > result.txt', undefined, { text: file('hello') });
    expect(readFileSync(run.outputs.result!, 'utf8')).toBe('HELLO');
  });

  it('runs in a directory that holds nothing else', async () => {
    const run = await shell('find . > result.txt', undefined, { text: file('hello') });
    expect(readFileSync(run.outputs.result!, 'utf8').trim().split('\n').sort()).toEqual([
      '.',
      './inputs',
      './inputs/text',
      './result.txt',
    ]);
  });

  it('takes a list of arguments without a shell', async () => {
    const run = await runStage(command, {
      with: {
        run: [
          process.execPath,
          '-e',
          'require("fs").writeFileSync("a.json", JSON.stringify(process.argv.slice(1)))',
          '$HOME',
          '*',
        ],
        outputs: { arguments: 'a.json' },
      },
    });
    expect(JSON.parse(readFileSync(run.outputs.arguments!, 'utf8'))).toEqual(['$HOME', '*']);
  });

  it('runs a script that is one of its inputs', async () => {
    const script = file('printf "%s" "$1" > out/result.txt');
    const run = await runStage(command, {
      with: { run: ['sh', 'inputs/script', 'done'], outputs: { result: 'out/result.txt' } },
      inputs: { script },
    });
    expect(readFileSync(run.outputs.result!, 'utf8')).toBe('done');
  });

  it('runs a script of any length, as a short one', async () => {
    const script = (filler: string) =>
      `printf '%s %s ' "$0" "$#" > result.txt; ls -a >> result.txt\n${filler}`;
    const texts = [];
    for (const length of [10, 131_000, 131_072, 400_000]) {
      const run = await shell(script(`# ü ${'x'.repeat(length)}`));
      texts.push(readFileSync(run.outputs.result!, 'utf8'));
    }
    expect(new Set(texts)).toEqual(new Set(['bash 0 .\n..\nresult.txt\n']));
  });

  it('ends a script at the first command that fails, and in bash where a part of a pipe fails', async () => {
    const failing = (run: string, shell: 'bash' | 'sh') =>
      runStage(command, {
        with: { run: `${run}; : > result.txt`, shell, outputs: { result: 'result.txt' } },
      });
    for (const shell of ['bash', 'sh'] as const) {
      await expect(failing('false', shell)).rejects.toThrow(`\`${shell}\` failed with exit code 1`);
      await failing('false || true; set +e; false', shell);
    }
    await expect(failing('false | cat', 'bash')).rejects.toThrow('`bash` failed with exit code 1');
    await failing('false | cat', 'sh'); // POSIX has no pipefail
    await expect(failing('yes | head -1', 'bash')).rejects.toMatchObject({
      hint: expect.stringContaining('wrote more than the next one reads'),
    });
    await failing('(yes || true) | head -1', 'bash');
  });

  it('gives directories as inputs and takes them as outputs', async () => {
    const directory = join(freshDirectory(), 'model');
    mkdirSync(directory);
    writeFileSync(join(directory, 'config.json'), '{}');
    const run = await shell(
      'cp -r inputs/model copy && touch copy/new',
      { model: { path: 'copy', artifact: 'directory' } },
      { model: directory },
    );
    expect(existsSync(join(run.outputs.model!, 'config.json'))).toBe(true);
    expect(existsSync(join(run.outputs.model!, 'new'))).toBe(true);
    expect(existsSync(join(directory, 'new'))).toBe(false);
  });

  it('finds what was collected over variants under the labels of these', async () => {
    const run = await runStage(command, {
      with: {
        run: 'cd inputs/scores; ls > ../../result.txt; cat *1 >> ../../result.txt',
        outputs: { result: 'result.txt' },
      },
      collections: { scores: { 'epochs=1': file('42'), 'model=a/b': file('7') } },
    });
    expect(readFileSync(run.outputs.result!, 'utf8')).toBe('epochs=1\nmodel=a%2Fb\n42');
  });

  it('writes to a copy of its input, never to the input itself', async () => {
    const text = file('hello');
    await shell('echo changed > inputs/text; cp inputs/text result.txt', undefined, { text });
    expect(readFileSync(text, 'utf8')).toBe('hello');
  });

  it('gives the same bytes twice', async () => {
    const run = () => shell('wc -c < inputs/text > result.txt', undefined, { text: file('hello') });
    expect((await run()).digests).toEqual((await run()).digests);
  });

  it('may leave symbolic links as outputs, in its directory, among the outputs and out of it', async () => {
    const outside = file('outside');
    const run = await shell(
      `mkdir -p model/deep; echo weights > model/step-9; echo apart > apart
       ln -s step-9 model/latest; ln -s "$PWD/model/step-9" model/absolute; ln -s ../../apart model/deep/apart
       ln -s model/step-9 best; ln -s ${outside} foreign; ln -s apart near`,
      { best: 'best', model: { path: 'model', artifact: 'directory' }, foreign: 'foreign', near: 'near' },
    );
    const shown = (output: string, path = '') => readFileSync(join(run.outputs[output]!, path), 'utf8');
    expect(['latest', 'absolute', 'step-9'].map((name) => shown('model', name))).toEqual(
      Array(3).fill('weights\n'),
    );
    expect([shown('best'), shown('foreign'), shown('near'), shown('model', 'deep/apart')]).toEqual([
      'weights\n',
      'outside',
      'apart\n',
      'apart\n',
    ]);
  });

  it('does not wait for what is left in the background', async () => {
    const run = await shell('sleep 100 & echo $! > result.txt');
    process.kill(Number(readFileSync(run.outputs.result!, 'utf8')));
  });
});

describe('a command that fails', () => {
  it('is told with its exit code and its last words', async () => {
    await expect(shell('echo working; echo no such data >&2; exit 3')).rejects.toMatchObject({
      name: 'StageError',
      message: expect.stringMatching(
        /^`bash` failed with exit code 3:\n(working\nno such data|no such data\nworking)$/,
      ),
    });
  });

  it('shows the last ten lines only', async () => {
    const failed = shell('seq 1 30; exit 1');
    await expect(failed).rejects.toThrow(
      '`bash` failed with exit code 1:\n21\n22\n23\n24\n25\n26\n27\n28\n29\n30',
    );
  });

  it.each([
    ['exit 2', '`bash` failed with exit code 2 and wrote nothing.'],
    ['kill -9 $$', '`bash` was ended by SIGKILL and wrote nothing.'],
    ['true', 'The command ended without writing its output `result` at result.txt.'],
    ['mkdir result.txt', 'The command wrote a directory at result.txt, but `result` is declared as a file.'],
    [
      'ln -s nowhere result.txt',
      'The output `result` at result.txt is a symbolic link to nowhere, and there is nothing.',
    ],
    ['mkfifo result.txt', 'The output `result` at result.txt is neither a file nor a directory.'],
  ])('%s', async (run, message) => {
    await expect(shell(run)).rejects.toThrow(message);
  });

  it.each([
    [{ a: 'o', b: 'o' }, 'The outputs `a` (o) and `b` (o) overlap.'],
    [{ f: 'd/f', d: { path: 'd', artifact: 'directory' } }, 'The outputs `d` (d) and `f` (d/f) overlap.'],
  ])('outputs that overlap are refused before it starts: %j', async (outputs, message) => {
    await expect(shell('exit 3', outputs)).rejects.toThrow(message);
  });

  it('shows no control characters, and of a bar only what is a line', async () => {
    const words = String.raw`\033[2J\033]0;title\007\033]52;c;eA==\007 \033[31mred\033[0m\007 10%%\r100%%\r\n  File "x"\n\tend\302\233`;
    const failed = shell(`printf '${words}'; exit 3`);
    await expect(failed).rejects.toThrow(
      '`bash` failed with exit code 3:\n red 10%\n100%\n  File "x"\n    end\\u009b',
    );
  });

  it.each([
    ['cat src/data.txt', /inputs: \{ src: \{ file: \.\/src \} \}, and write inputs\/src\/data\.txt/],
    ['./script.sh', /inputs: \{ script\.sh: \{ file: \.\/script\.sh \} \}, and write inputs\/script\.sh/],
    ['cat inputs/text', /inputs\/NAME\. Declare/],
    ['nosuchtool | cat', /^Is `nosuchtool` installed, in a folder of PATH\? .*inputs\/NAME\. Declare/],
    ['sh -c nosuchtool', /^Is `nosuchtool` installed/],
    [`${process.execPath} src/main.js`, /declare inputs: \{ src: /],
    ['touch f; ./f', /chmod \+x/],
    ['exit 3', undefined],
  ])('of `%s` comes with what to do', async (run, hint) => {
    const failure = await shell(run).catch((error: { hint?: string }) => error);
    if (hint === undefined) expect(Object(failure).hint).toBeUndefined();
    else expect(Object(failure).hint).toMatch(hint);
  });

  it.each([
    [['src/main.sh'], 'Cannot start `src/main.sh`: there is no such program.', /inputs\/NAME\. Declare/],
    [['inputs/text'], 'Cannot start `inputs/text`: it is not executable.', /sh inputs\/text.*chmod \+x/],
    [
      ['echo', 'x'.repeat(200_000)],
      'Cannot start `echo`: its arguments and variables are longer than the system takes.',
      /declare these as inputs/,
    ],
  ])('of %j to start comes with what to do', async (run, message, hint) => {
    const inputs = { text: file('true') };
    const failed = runStage(command, { with: { run, outputs: { result: 'r' } }, inputs });
    await expect(failed).rejects.toMatchObject({ message, hint: expect.stringMatching(hint) });
  });

  it('a program that does not exist is named', async () => {
    const run = runStage(command, { with: { run: ['no-such-program'], outputs: { result: 'x' } } });
    await expect(run).rejects.toThrow('Cannot start `no-such-program`: there is no such program.');
  });
});

describe('cancelling', () => {
  it('ends the command and throws the reason', async () => {
    const cancel = new AbortController();
    // The command tells that it runs by a request; only then is it cancelled.
    const server = createServer((_, response) => {
      response.end();
      cancel.abort(new Error('cancelled'));
    });
    const url = await listen(server);
    const script = `fetch('${url}').then(() => setTimeout(() => {}, 100_000))`;
    const run = runStage(command, {
      with: { run: [process.execPath, '-e', script], outputs: { result: 'x' } },
      signal: cancel.signal,
    });
    await expect(run).rejects.toThrow('cancelled');
    await closeServer(server);
  });
});

describe('settings of command', () => {
  it.each(['../x', '/etc/passwd', 'a/../../b', 'a//b', '', '.', 'a/'])(
    'refuse the output path %j',
    (path) => {
      expect(() => resolvedSettings(command, { run: 'true', outputs: { result: path } })).toThrow(
        'settings.outputs',
      );
    },
  );

  it.each(['x', 'a/b.txt', '..x', 'a/.hidden'])('take the output path %j', (path) => {
    expect(() => resolvedSettings(command, { run: 'true', outputs: { result: path } })).not.toThrow();
  });

  it('declare the outputs of the stage', () => {
    const settings = resolvedSettings(command, {
      run: 'true',
      outputs: { log: 'log.txt', model: { path: 'm', artifact: 'directory' } },
    });
    expect(command.outputs(settings)).toEqual({
      log: { artifact: 'file', path: 'log', description: 'What the command wrote at log.txt.' },
      model: { artifact: 'directory', path: 'model', description: 'What the command wrote at m.' },
    });
  });
});
