import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Project } from './rig.ts';

const TOKEN = 'tok/9"2b+Zq';
/** A key of many lines, as a file would give it. */
const KEY = '-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n';

/** Prints the token whole and in two writes, on both streams and as JSON, and the key indented; then ends as told. */
const SCRIPT = `
const { API_TOKEN: token, SSH_KEY: key } = process.env;
console.log('token ' + token + ' and as JSON ' + JSON.stringify({ token }));
console.error(key.split('\\n').map((line) => '  ' + line).join('\\n'));
process.stdout.write('cut ' + token.slice(0, 5), () => {
  process.stdout.write(token.slice(5) + '.\\n');
  require('fs').writeFileSync('out.txt', String(token.length));
  if (process.argv[2] === 'fail') throw new Error('refused ' + token);
});
`;

const pipeline = (end: string) => `
schema: 1
name: secrets
stages:
  ask:
    uses: command
    secrets: [API_TOKEN, SSH_KEY, PIN]
    inputs: { script: { file: ./script.cjs } }
    with:
      run: [node, inputs/script, ${end}]
      outputs: { out: out.txt }
`;

const projects: Project[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});

async function run(end: 'succeed' | 'fail', reporter: string) {
  const project = new Project(
    { 'secrets.yaml': pipeline(end), 'script.cjs': SCRIPT },
    { API_TOKEN: TOKEN, SSH_KEY: KEY, PIN: '42' },
  );
  projects.push(project);
  const ended = await project.pipe(['run', 'secrets.yaml', '--reporter', reporter]);
  const files = readdirSync(project.path('artifacts'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const texts = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
  const log = [...texts].find(([file]) => file.endsWith('ask.1.log'))![1];
  return { ...ended, texts, log };
}

/** Every form in which a value could have got through. */
const FORMS = [TOKEN, JSON.stringify(TOKEN).slice(1, -1), TOKEN.slice(5), ...KEY.trim().split('\n')];

describe.each(['plain', 'json', 'github'])('with the %s reporter', (reporter) => {
  it.each(['succeed', 'fail'] as const)(
    'no value of a secret is seen where the stage must %s',
    async (end) => {
      const { code, stdout, stderr, texts, log } = await run(end, reporter);
      expect(code).toBe(end === 'succeed' ? 0 : 1);
      for (const form of FORMS) {
        expect(stdout + stderr).not.toContain(form);
        for (const [file, text] of texts) expect(text.includes(form), `${form} in ${file}`).toBe(false);
      }
      expect(log).toContain('token ***API_TOKEN*** and as JSON {"token":"***API_TOKEN***"}\n');
      expect(log).toContain('***API_TOKEN***.\n'); // between `cut` and this the other stream may come
      expect(log).toContain('  ***SSH_KEY***\n');
      expect(stdout).toContain('the secret PIN is so short that its value is not hidden');
      if (end === 'fail') expect(stdout).toContain('refused ***API_TOKEN***');
    },
  );
});

it('the value of a secret does not count: another one runs nothing', async () => {
  const project = new Project({ 'secrets.yaml': pipeline('succeed'), 'script.cjs': SCRIPT });
  projects.push(project);
  const environment = { API_TOKEN: TOKEN, SSH_KEY: KEY, PIN: '42' };
  expect((await project.pipe(['run', 'secrets.yaml'], environment)).code).toBe(0);
  const again = await project.pipe(['run', 'secrets.yaml'], { ...environment, API_TOKEN: 'another value' });
  expect(again.stdout).toContain('Nothing to do: 1 stage, all cached');
});
