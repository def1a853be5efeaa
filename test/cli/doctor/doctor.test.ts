import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DoctorReport } from '../../../src/cli/json-shapes/doctor.ts';
import { type OllamaServer, startOllamaServer } from '../../servers/ollama-server.ts';
import { Project } from '../rig.ts';

describe('pipe doctor', () => {
  let project: Project;
  let ollama: OllamaServer;
  beforeAll(async () => {
    project = new Project();
    ollama = await startOllamaServer(() => '50', ['llama3:latest', 'phi3:latest']);
  });
  afterAll(async () => {
    await ollama.close();
    project.remove();
  });

  it('measures the engines that work, and says of the others why not', async () => {
    const { code, stdout } = await project.pipe(['doctor', '--json'], { OLLAMA_HOST: ollama.url });
    const report = JSON.parse(stdout) as DoctorReport;
    const schema = JSON.parse(
      readFileSync(resolve(import.meta.dirname, '../../../schemas/doctor.schema.json'), 'utf8'),
    );
    const valid = new Ajv().compile(schema);
    expect(valid(report), JSON.stringify(valid.errors)).toBe(true);
    expect(code).toBe(0);
    expect(report.ready).toBe(true);
    const cpu = report.engines.find(({ engine }) => engine === 'cpu');
    expect(cpu).toMatchObject({ usable: true, gflops: expect.any(Number) });
    for (const { usable, reason } of report.engines) if (!usable) expect(reason).not.toBe('');
    expect(report.ollama).toMatchObject({ reachable: true, models: ['llama3:latest', 'phi3:latest'] });
  });

  it('tells people the same, and how to get what is absent', async () => {
    const { stdout } = await project.pipe(['doctor'], { OLLAMA_HOST: '127.0.0.1:9' });
    expect(stdout).toMatch(/✔ node {13}\d+\.\d+\.\d+\n/);
    expect(stdout).toMatch(/✔ cpu .* GFLOP\/s/);
    expect(stdout).toContain('npm install @tensorflow/tfjs-node-gpu');
    expect(stdout).toContain('npm install @tensorflow/tfjs-node)');
    expect(stdout).toMatch(/- server {11}http:\/\/127\.0\.0\.1:9 does not answer/);
  });

  it('says where the artifacts are no folder, or below a file', async () => {
    project.write('file', '');
    for (const artifacts of ['file', 'file/below']) {
      const { code, stdout } = await project.pipe(['doctor', '--artifacts', artifacts]);
      expect(stdout).toContain(`✖ artifacts        ${artifacts}, is not a folder that can be written: `);
      expect(code).toBe(1);
    }
  });
});
