import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { closeServer, listen } from '../servers/listen.ts';
import { Project } from './rig.ts';

it('a download reaches a host that only the proxy of the environment can reach', async () => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url!);
    response.end('[]');
  });
  const url = 'http://data.invalid/data.json';
  const project = new Project({
    'proxy.yaml': `{ schema: 1, name: proxy, stages: { data: { uses: download, with: { url: "${url}" } } } }`,
  });
  try {
    const { code } = await project.run(['proxy.yaml'], { HTTP_PROXY: await listen(proxy) });
    expect(code).toBe(0);
    expect(asked).toEqual([url]);
  } finally {
    project.remove();
    await closeServer(proxy);
  }
});
