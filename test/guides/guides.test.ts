import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { WebSocket } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { finished } from '../cli/rig.ts';
import { SmallSlurm } from '../runner/executor/slurm/small-slurm.ts';
import { type OllamaServer, startOllamaServer } from '../servers/ollama-server.ts';
import { type OpenAiServer, startOpenAiServer } from '../servers/openai-server.ts';
import { type Command, readGuide } from './guide.ts';
import { Workshop } from './workshop.ts';

/* docs/guides are followed to the letter: their files are written, their edits applied, their commands run. One copy of the
sources and one build serve all of them. */

const GUIDES = [
  'add-a-stage-type',
  'add-a-judge',
  'add-an-engine',
  'debug-a-stage',
  'judges',
  'sweep',
  'evaluation-in-ci',
  'track-runs',
  'clean-up',
  'share-a-cache',
  'run-on-slurm',
  'your-own-data',
  'your-own-model',
  'modern-model',
  'chat',
  'own-program',
  'own-stage',
  'release',
].map(readGuide);
const FILES = GUIDES.flatMap(({ files }) => files);

/** Comes before the build, because the build holds the version. */
const isVersion = ({ script }: Command) => script.startsWith('npm version ');

/** What several guides have in common is done once for all of them. */
const isMaking = (command: Command) =>
  isVersion(command) || /^(npx (biome|tsc|vitest)|npm run (build|generate))\b/.test(command.script);

/** The files and names of all tests that the guides have their readers run. */
const TESTS = GUIDES.flatMap(({ commands }) =>
  commands.flatMap(({ script }) => {
    const [, files, name] = /^npx vitest run (.+) -t (\S+)$/.exec(script) ?? [];
    return files === undefined ? [] : [{ files: files.split(' '), name }];
  }),
);

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const pattern = (line: string) => new RegExp(line.split('…').map(escaped).join('.*'), 'm');

describe('the guides', () => {
  let workshop: Workshop;
  let ollama: OllamaServer;
  let api: OpenAiServer;
  const slurm = new SmallSlurm();
  beforeAll(async () => {
    ollama = await startOllamaServer(({ format }) => {
      if (Object.hasOwn(Object(format).properties ?? {}, 'winner')) return '{"winner": "A"}';
      return format ? '{"score": 80}' : 'Good.';
    });
    api = await startOpenAiServer(() => '80');
    api.key = 'sk-1234';
    workshop = new Workshop({ OLLAMA_HOST: ollama.url, PATH: slurm.path });
    for (const { files, edits } of GUIDES) {
      // Another port than the one of the guide, which may be taken.
      for (const { path, text } of files)
        workshop.write({ path, text: text.replace('http://127.0.0.1:8080/v1', api.url) });
      for (const edit of edits) workshop.edit(edit);
    }
  });
  afterAll(async () => {
    workshop.remove();
    await ollama.close();
    await api.close();
    await slurm.remove();
  });

  const succeeds = async (script: string) => {
    const { code, stdout, stderr } = await workshop.run(script);
    expect(code, `${script}\n${stdout}${stderr}`).toBe(0);
    return stdout + stderr;
  };

  it('change the version', () =>
    succeeds(GUIDES.flatMap(({ commands }) => commands).find(isVersion)!.script));

  it('hold code that is formatted as ours', async () => {
    await succeeds('npx biome check --write src test');
    for (const { path, text } of FILES.filter(({ path }) => path.endsWith('.ts')))
      expect(workshop.read(path)).toBe(text);
  }, 120_000);

  it('hold code whose types are right', () => succeeds('npx tsc'), 300_000);

  it('hold tests that pass', async () => {
    const files = TESTS.flatMap(({ files }) => files);
    const names = TESTS.map(({ name }) => name).join('|');
    const printed = await succeeds(`npx vitest run ${files.join(' ')} -t '${names}'`);
    for (const file of files) expect(printed).toMatch(new RegExp(`✓.* ${escaped(file)} `));
  }, 180_000);

  it('lead to a build with source maps', async () => {
    await succeeds('npm run build -- --debug');
    const map = workshop
      .read('dist/stage-host.cjs')
      .split('sourceMappingURL=data:application/json;base64,')[1]!;
    expect(JSON.parse(Buffer.from(map, 'base64').toString()).sources).toContain(
      '../src/stage-process/host.ts',
    );
  }, 120_000);

  it('lead to a reference with what was added', async () => {
    await succeeds('npm run generate');
    const page = workshop.read('docs/reference/stages.md');
    expect(page.match(/^### .*/gm)).toContain('### first-lines');
    expect(page.match(/^\| `engine` .*/m)![0]).toContain('`plain`');
  }, 120_000);

  describe.each(GUIDES.map((guide) => [guide.name, guide.commands] as const))('%s', (_, commands) => {
    const own = commands.filter((command) => command.how === 'run' && !isMaking(command));

    it.each(own.map((command) => [command.script.replaceAll('\n', '; '), command] as const))(
      'shows what comes of: %s',
      async (_, { script, exitCode, shows }) => {
        const { code, stdout, stderr } = await workshop.run(script);
        expect(code, stdout + stderr).toBe(exitCode);
        for (const line of shows) expect(stdout + stderr).toMatch(pattern(line));
      },
      120_000,
    );
  });

  it('make a package that works in another folder', async () => {
    const unpacked =
      'mkdir -p elsewhere/node_modules/@pipe-ml/pipe && cd elsewhere && echo "{}" > package.json';
    await succeeds(
      `${unpacked} && tar xzf ../pipe-ml-pipe-0.2.0.tgz -C node_modules/@pipe-ml/pipe --strip-components 1`,
    );
    const elsewhere = (args: string) =>
      succeeds(`cd elsewhere && node node_modules/@pipe-ml/pipe/dist/pipe.cjs ${args}`);
    expect(await elsewhere('--version')).toBe('0.2.0\n');
    await elsewhere('validate node_modules/@pipe-ml/pipe/pipelines/*.yaml');
    expect(await elsewhere('run ../lines.yaml --artifacts artifacts')).toContain('license');
  }, 120_000);

  it('start a stage that waits for a debugger', async () => {
    const command = GUIDES.flatMap(({ commands }) => commands).find(({ how }) => how === 'debugger')!;
    // Another port than the usual one, which somebody may be using.
    const child = workshop.start(command.script.replace('--inspect-brk', '--inspect-brk=0'));
    const end = finished(child);
    const [line] = (await once(createInterface(child.stderr!), 'line')) as [string];
    const debug = new WebSocket(/ws:\S+/.exec(line)![0]);
    const paused = new Promise<void>((isPaused) => {
      debug.addEventListener('message', ({ data }) => {
        if (JSON.parse(String(data)).method === 'Debugger.paused') isPaused();
      });
    });
    await new Promise((opened) => debug.addEventListener('open', opened));
    for (const [id, method] of ['Debugger.enable', 'Runtime.runIfWaitingForDebugger'].entries()) {
      debug.send(JSON.stringify({ id, method }));
    }
    await paused; // before its first line
    debug.close();
    expect((await end).stderr).toContain('error: Of 1 records none are left for train');
  }, 120_000);
});
