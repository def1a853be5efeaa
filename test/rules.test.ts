import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const { forbidden, options } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
  forbidden: { name: string; to: { pathNot?: string } }[];
  options: object;
};
const ROOMS = forbidden.flatMap(({ name }) =>
  name.endsWith('-imports') ? [name.replace(/-imports$/, '')] : [],
);

/** For every rule a file of a project that breaks it: path, text, and the path of what it imports. */
function breaking(rule: { name: string; to: { pathNot?: string } }): Record<string, string> {
  switch (rule.name) {
    case 'programs-import-their-room':
      return { 'src/cli/a.ts': "import '../main.ts';", 'src/main.ts': 'export {};' };
    case 'engine-names-backends':
      return { 'src/model/a.ts': "import '@tensorflow/tfjs-backend-cpu';" };
    case 'no-cycles':
      return {
        'src/text/a.ts': "import type { B } from './b.ts';\nexport type A = B | 1;",
        'src/text/b.ts': "import type { A } from './a.ts';\nexport type B = A[];",
      };
    case 'no-dev-dependencies':
      return { 'src/text/a.ts': "import 'fast-check';" };
    default: {
      const room = rule.name.replace(/-imports$/, '');
      const other = ROOMS.find((one) => !new RegExp(rule.to.pathNot!).test(`src/${one}/`))!;
      return { [`src/${room}/a.ts`]: `import '../${other}/b.ts';`, [`src/${other}/b.ts`]: 'export {};' };
    }
  }
}

it('every folder of src is a room with a rule', () => {
  const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  expect(rooms.map(({ name }) => name).sort()).toEqual([...ROOMS].sort());
});

describe('each rule of .dependency-cruiser.cjs finds what breaks it', () => {
  let folder: string;
  let before: string;
  beforeAll(() => {
    before = process.cwd();
    folder = mkdtempSync(join(tmpdir(), 'pipe-rules-'));
    for (const file of ['package.json', 'tsconfig.json']) cpSync(join(ROOT, file), join(folder, file));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    process.chdir(folder);
  });
  afterAll(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });

  it.each(forbidden.map((rule) => [rule.name, rule] as const))('%s', async (name, rule) => {
    rmSync(join(folder, 'src'), { recursive: true, force: true });
    for (const [path, text] of Object.entries(breaking(rule))) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const { output } = await cruise(['src'], {
      ...options,
      validate: true,
      ruleSet: { forbidden: forbidden as never },
    });
    const broken = (output as ICruiseResult).summary.violations.map((violation) => violation.rule.name);
    expect(broken).toContain(name);
  });
});
