import { isObject, type Json, type JsonObject, plainText } from '../../contract/json.ts';
import { explainNetworkError, urlProblem } from '../../network/network-error.ts';
import { outsideText } from '../../network/outside-text.ts';
import { UserError } from '../user-error.ts';
import { nameOf, type TrackedRun } from './tracked-run.ts';

/** Limits of one request (mlflow.utils.validation). */
const MOST_METRICS = 1000;
const MOST_PARAMS = 100;
const LONGEST_VALUE = 6000;
const LONGEST_NAME = 250;
const PATIENCE_MS = 30_000;
/** The tag by which a run is found again. */
const TAG = 'pipe.run';

const STATUS: Readonly<Record<string, string>> = {
  succeeded: 'FINISHED',
  cancelled: 'KILLED',
  unfinished: 'RUNNING',
};

/**
 * Sends runs to a server of MLflow, through its REST API: an experiment for each pipeline. A run that it has already is
 * brought up to date; the server keeps each value once. Throws a UserError if the server refuses or does not answer.
 */
export async function sendToMlflow(runs: readonly TrackedRun[], address: string): Promise<readonly string[]> {
  const problem = urlProblem(address);
  if (problem !== undefined) throw new UserError(`the address of MLflow is wrong: ${problem}`);
  const server = new Mlflow(address.replace(/\/+$/, ''));
  const lines: string[] = [];
  for (const run of runs) {
    const experiment = await server.experiment(run.pipeline);
    const id = await server.run(experiment, run);
    await server.log(id, run);
    lines.push(`${server.url}/#/experiments/${experiment}/runs/${id}  ${nameOf(run)}`);
  }
  return lines;
}

class Mlflow {
  readonly url: string;
  readonly #experiments = new Map<string, string>();

  constructor(url: string) {
    this.url = url;
  }

  /** The id of the experiment of that name, which is made if there is none. */
  async experiment(name: string): Promise<string> {
    const known = this.#experiments.get(name);
    if (known !== undefined) return known;
    const path = `experiments/get-by-name?${new URLSearchParams({ experiment_name: name })}`;
    const found = await this.#ask(path, undefined, 404);
    const id = found
      ? String(Object(found.experiment).experiment_id)
      : String((await this.#ask('experiments/create', { name }))!.experiment_id);
    this.#experiments.set(name, id);
    return id;
  }

  /** The id of the server's run, which is made if there is none. */
  async run(experiment: string, run: TrackedRun): Promise<string> {
    const filter = `tags.\`${TAG}\` = '${nameOf(run).replaceAll("'", '’')}'`;
    const search = { experiment_ids: [experiment], filter, max_results: 1 };
    const found = (await this.#ask('runs/search', search))!.runs;
    if (Array.isArray(found) && found.length > 0) return runId(found[0]);
    const tags = {
      [TAG]: nameOf(run).replaceAll("'", '’'),
      ...(run.commit !== undefined && { 'mlflow.source.git.commit': run.commit }),
    };
    const made = await this.#ask('runs/create', {
      experiment_id: experiment,
      run_name: nameOf(run),
      start_time: run.started,
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    });
    return runId(made!.run);
  }

  async log(run_id: string, { parameters, points, outcome, finished }: TrackedRun): Promise<void> {
    const params = Object.entries(parameters).map(([key, value]) => ({
      key: allowed(key),
      value: textOf(value),
    }));
    for (const some of portions(params, MOST_PARAMS))
      await this.#ask('runs/log-batch', { run_id, params: some });
    const metrics = points.map(({ metric, step, time, value }) => ({
      key: allowed(metric),
      value,
      timestamp: time,
      step,
    }));
    for (const some of portions(metrics, MOST_METRICS))
      await this.#ask('runs/log-batch', { run_id, metrics: some });
    await this.#ask('runs/update', {
      run_id,
      status: STATUS[outcome] ?? 'FAILED',
      ...(finished !== undefined && { end_time: finished }),
    });
  }

  /** Undefined where the server answers with the status that is `absent`. */
  async #ask(path: string, body: JsonObject | undefined, absent?: number): Promise<JsonObject | undefined> {
    const { status, text } = await this.#request(path, body);
    if (status === absent) return undefined;
    const answer = parsed(text);
    if (status === 200 && answer) return answer;
    const words = typeof answer?.message === 'string' ? `: ${outsideText(answer.message)}` : '';
    const login = status === 401 || status === 403;
    throw new UserError(
      `MLflow at ${this.url} answered ${status}${words}`,
      login
        ? 'set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD'
        : 'is it a server of MLflow? mlflow server --port 5000',
    );
  }

  async #request(path: string, body: JsonObject | undefined): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(`${this.url}/api/2.0/mlflow/${path}`, {
        headers: { ...login(), ...(body && { 'content-type': 'application/json' }) },
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
        redirect: 'manual',
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      return { status: response.status, text: await response.text() };
    } catch (error) {
      const { message } = explainNetworkError(error, new URL(this.url).host);
      throw new UserError(
        `MLflow does not answer at ${this.url}: ${message}`,
        'start it: mlflow server --port 5000',
      );
    }
  }
}

/** As MLflow's own client: a token, or a user with a password. */
function login(): Record<string, string> {
  const {
    MLFLOW_TRACKING_TOKEN: token,
    MLFLOW_TRACKING_USERNAME: user,
    MLFLOW_TRACKING_PASSWORD: password,
  } = process.env;
  if (token) return { authorization: `Bearer ${token}` };
  if (!user) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password ?? ''}`).toString('base64')}` };
}

function runId(run: Json | undefined): string {
  return String(Object(Object(run).info).run_id);
}

/** Names may have letters, digits and a few signs. */
function allowed(name: string): string {
  return name.replaceAll(/[^\w./ :-]/g, '_').slice(0, LONGEST_NAME);
}

function textOf(value: Json): string {
  return plainText(value).slice(0, LONGEST_VALUE);
}

function portions<Item>(items: readonly Item[], most: number): readonly (readonly Item[])[] {
  return Array.from({ length: Math.ceil(items.length / most) }, (_, n) =>
    items.slice(n * most, (n + 1) * most),
  );
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
