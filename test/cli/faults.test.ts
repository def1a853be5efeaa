import { chmodSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { digests, finished, outcomes, Project } from './rig.ts';

/** Stages of several shapes that take long enough to be hit at any point of their life. */
const SMALL = `
schema: 1
name: small
stages:
  data:
    uses: command
    with:
      run: [node, -e, 'const fs=require("fs");fs.writeFileSync("data.json",JSON.stringify(Array.from({length:200},(_,i)=>({instruction:"Count "+i,input:"",output:String(i)}))))']
      outputs: { data: data.json }
  format: { uses: format, inputs: { data: data.data }, with: { prompt: plain } }
  split: { uses: split, inputs: { records: format.records }, with: { train: 0.5, test: 0.3 } }
  large:
    uses: command
    inputs: { records: split.train }
    with:
      run: [node, -e, 'const fs=require("fs");fs.mkdirSync("out");for(let i=0;i<5;i++)fs.writeFileSync("out/"+i,Buffer.alloc(300000,i));setTimeout(()=>{},150)']
      outputs: { out: { path: out, artifact: directory } }
  last:
    uses: command
    inputs: { large: large.out, test: split.test }
    with:
      run: [node, -e, 'const fs=require("fs");fs.writeFileSync("sum",String(fs.readdirSync("inputs/large").length)+fs.readFileSync("inputs/test","utf8").length)']
      outputs: { sum: sum }
`;

const projects: Project[] = [];
afterEach(() => {
  for (const project of projects.splice(0)) project.remove();
});
function smallProject(): Project {
  const project = new Project({ 'small.yaml': SMALL });
  projects.push(project);
  return project;
}

/** Processes whose command line or working directory lies in a project: what a killed run may have left. */
function processesOf(project: Project): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(project.directory);
      } catch {
        return false; // gone meanwhile
      }
    });
}

describe('kill -9 of the runner', () => {
  it('loses nothing that was finished, at fifty random moments', async () => {
    const undisturbed = await smallProject().run(['small.yaml']);
    expect(undisturbed.code).toBe(0);
    const duration = undisturbed.events.flatMap((event) =>
      event.type === 'run-finished' ? [event.duration_ms] : [],
    )[0]!;

    let state = 42;
    const random = (): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    let project = smallProject();
    for (let kills = 0; kills < 50; kills++) {
      const child = project.start(['run', 'small.yaml', '--json']);
      const ended = finished(child);
      await delay(random() * (duration + 200));
      child.kill('SIGKILL');
      const { code } = await ended;
      // A run that was not hit in time is undisturbed: the next one begins from nothing again.
      if (code === 0) project = smallProject();
    }
    const after = await project.run(['small.yaml']);
    expect(after.code).toBe(0);
    expect(digests(after.events)).toEqual(digests(undisturbed.events));
  }, 300_000);

  it.skipIf(process.platform !== 'linux')(
    'leaves no process alive',
    async () => {
      const project = smallProject();
      project.write('small.yaml', SMALL.replace('setTimeout(()=>{},150)', 'for(;;);'));
      const child = project.start(['run', 'small.yaml', '--json']);
      const ended = finished(child);
      await new Promise<void>((started) => {
        child.stdout!.on('data', (text: string) => {
          if (text.includes('"stage-started"') && text.includes('"large"')) started();
        });
      });
      child.kill('SIGKILL');
      await ended;
      await expect.poll(() => processesOf(project), { timeout: 10_000 }).toEqual([]);
    },
    30_000,
  );
});

describe('a damaged object', () => {
  /** The stored file of 300,000 bytes of value 3, an output too large to lie in its record. */
  const largeObject = (project: Project): string => {
    const objects = project.path('artifacts', 'cache', 'objects');
    const paths = readdirSync(objects, { recursive: true, encoding: 'utf8' }).map((path) =>
      join(objects, path),
    );
    return paths.find((path) => statSync(path).size === 300_000 && readFileSync(path)[0] === 3)!;
  };
  const flip = (path: string): void => {
    const bytes = readFileSync(path);
    bytes[1234]! ^= 1;
    writeFileSync(path, bytes);
  };
  const cut = (path: string): void => truncateSync(path, 1000);

  it.each([
    ['a flipped bit', flip],
    ['a truncation', cut],
  ])(
    '%s is noticed, quarantined and rebuilt',
    async (_, damage) => {
      const project = smallProject();
      const base = await project.run(['small.yaml']);
      const object = largeObject(project);
      chmodSync(object, 0o644);
      damage(object);
      const again = await project.run(['small.yaml', '--force', 'last']);
      expect(again.code).toBe(0);
      expect(outcomes(again.events)).toMatchObject({ data: 'hit', split: 'hit', large: 'ran', last: 'ran' });
      const problem = again.events.find((event) => event.type === 'cache-problem');
      expect(problem).toMatchObject({
        code: 'corrupt-object',
        quarantined: expect.stringContaining('quarantine'),
      });
      expect(digests(again.events)).toEqual(digests(base.events));
      expect(readFileSync(largeObject(project))).toEqual(Buffer.alloc(300_000, 3));
    },
    60_000,
  );
});
