import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { closeServer, listen } from './listen.ts';

/** A run as the server holds it. */
export interface MlflowRun {
  readonly info: Record<string, unknown> & { readonly run_id: string };
  readonly params: Map<string, string>;
  /** Metric -> its values, each once. */
  readonly metrics: Map<string, Set<string>>;
  readonly tags: Map<string, string>;
}

export interface MlflowServer {
  readonly url: string;
  /** Experiment -> its runs. */
  readonly experiments: ReadonlyMap<string, MlflowRun[]>;
  /** The header that every request must bring, if there is one. */
  authorization: string | undefined;
  close(): Promise<void>;
}

interface Body {
  readonly name: string;
  readonly experiment_id: string;
  readonly experiment_ids: readonly string[];
  readonly filter: string;
  readonly run_id: string;
  readonly run_name: string;
  readonly tags?: readonly { key: string; value: string }[];
  readonly params?: readonly { key: string; value: string }[];
  readonly metrics?: readonly { key: string; value: number; step: number; timestamp: number }[];
}

/** Speaks the part of MLflow's REST API that `export-runs` uses, in the words of a real server of 3.17. */
export async function startMlflowServer(): Promise<MlflowServer> {
  const experiments = new Map<string, MlflowRun[]>();
  const state = { authorization: undefined as string | undefined };
  const names = () => [...experiments.keys()];
  const runOf = (id: string) => [...experiments.values()].flat().find(({ info }) => info.run_id === id)!;

  function answer(path: string, query: URLSearchParams, body: Body): [status: number, answer: object] {
    switch (path) {
      case 'experiments/get-by-name': {
        const id = names().indexOf(query.get('experiment_name')!);
        if (id < 0)
          return [404, { error_code: 'RESOURCE_DOES_NOT_EXIST', message: 'Could not find experiment' }];
        return [200, { experiment: { experiment_id: `${id}`, lifecycle_stage: 'active' } }];
      }
      case 'experiments/create':
        experiments.set(body.name, []);
        return [200, { experiment_id: `${experiments.size - 1}` }];
      case 'runs/search': {
        const [, wanted] = /^tags\.`pipe\.run` = '(.*)'$/.exec(body.filter)!;
        const runs = experiments.get(names()[Number(body.experiment_ids[0])]!)!;
        const found = runs.filter(({ tags }) => tags.get('pipe.run') === wanted);
        return [200, found.length === 0 ? {} : { runs: found.map(({ info }) => ({ info, data: {} })) }];
      }
      case 'runs/create': {
        const { experiment_id, tags = [], ...info } = body;
        const runs = experiments.get(names()[Number(experiment_id)]!)!;
        const run: MlflowRun = {
          info: { ...info, run_id: `run${experiment_id}${runs.length}` },
          params: new Map(),
          metrics: new Map(),
          tags: new Map(tags.map(({ key, value }) => [key, value])),
        };
        runs.push(run);
        return [200, { run: { info: run.info, data: {} } }];
      }
      case 'runs/log-batch': {
        const run = runOf(body.run_id);
        const invalid = [...(body.params ?? []), ...(body.metrics ?? [])].find(({ key }) =>
          /[^\w./ :-]/.test(key),
        );
        if (invalid)
          return [400, { error_code: 'INVALID_PARAMETER_VALUE', message: `Invalid value "${invalid.key}"` }];
        for (const { key, value } of body.params ?? []) run.params.set(key, value);
        for (const { key, value, step, timestamp } of body.metrics ?? []) {
          const values = run.metrics.get(key) ?? new Set();
          run.metrics.set(key, values.add(`${step} ${value} ${timestamp}`));
        }
        return [200, {}];
      }
      case 'runs/update':
        Object.assign(runOf(body.run_id).info, body);
        return [200, { run_info: {} }];
      default:
        return [404, { error_code: 'ENDPOINT_NOT_FOUND' }];
    }
  }

  const server = createServer(async (request, response) => {
    const json = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (state.authorization !== undefined && request.headers.authorization !== state.authorization)
      return response.writeHead(401).end('You are not authenticated.');
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
    const body = JSON.parse((await text(request)) || '{}');
    return json(...answer(pathname.replace('/api/2.0/mlflow/', ''), searchParams, body));
  });
  const url = await listen(server);
  return Object.assign(state, { url, experiments, close: () => closeServer(server) });
}
