import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import type { JsonObject } from '../../src/contract/json.ts';
import type { NewJob, Pod } from '../../src/runner/executor/kubernetes/objects.ts';
import { closeServer, listen } from './listen.ts';

interface Container {
  readonly image: string;
  readonly terminationMessagePath?: string;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
  readonly command: readonly string[];
  readonly env: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
  }[];
}

interface PodSpec {
  readonly containers: readonly [Container];
  readonly volumes?: readonly { readonly name: string; readonly emptyDir?: unknown }[];
}

interface RunningPod {
  readonly process: ChildProcess | undefined;
  pod: Pod;
}

/** A folder of a pod's own: path in the pod -> path on this machine, which has one root for all. */
type Mounts = readonly (readonly [string, string])[];

const JOBS = /^\/apis\/batch\/v1\/namespaces\/[^/]+\/jobs(?:\/([^/?]+))?/;
const PODS = /^\/api\/v1\/namespaces\/[^/]+\/pods(?:\/([^/?]+))?/;

/**
 * What the API server, the Job controller and a node of Kubernetes 1.34 answered, as far as pipe asks: Jobs with one pod
 * each, whose command runs as a process of this machine. Statuses are those that the real ones gave.
 */
export class KubernetesServer {
  /** Every Job that was created, in order. */
  readonly created: NewJob[] = [];
  readonly secrets: Record<string, string> = {};
  readonly pods = new Map<string, RunningPod>();
  readonly jobs = new Map<string, NewJob>();
  /** Pod -> what its container has printed, each line with its time. */
  readonly logs = new Map<string, string>();
  /** Asked for with each pod that has ended; what it gives stands in the pod's status as the container's last words. */
  message: (text: string) => string = (text) => text;
  /** Done before pods are listed. */
  meanwhile: () => Promise<void> = async () => {};
  /** Answers every request with 503. */
  away = false;
  /** Pods wait for a node. */
  isFull = false;
  /** Accepts the next Job, and breaks the connection in place of an answer. */
  breaksNext = false;
  /** The answer to whether something is allowed. */
  allows = true;
  url = '';
  readonly #server: Server;
  readonly #folders: string[] = [];
  #startLast: (() => ChildProcess) | undefined;
  #printed = 0;

  /** The PATH of pods. */
  programs: string;

  constructor(programs: string) {
    this.programs = programs;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async start(): Promise<this> {
    this.url = await listen(this.#server);
    return this;
  }

  async close(): Promise<void> {
    for (const { process } of this.pods.values()) process?.kill('SIGKILL');
    await closeServer(this.#server);
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
  }

  /** The text of a kubeconfig for this cluster. */
  get kubeconfig(): string {
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: this.url, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'lab' } }],
      'current-context': 'c',
    });
  }

  /** Takes the node away from every pod that runs. */
  evict(): void {
    for (const running of this.pods.values()) {
      running.process?.kill('SIGKILL');
      running.pod = withStatus(running.pod, {
        phase: 'Failed',
        conditions: [
          {
            type: 'DisruptionTarget',
            status: 'True',
            reason: 'EvictionByEvictionAPI',
            message: 'Eviction API: evicting',
          },
        ],
        containerStatuses: [{ state: { terminated: { exitCode: 137, reason: 'Error' } } }],
      });
    }
  }

  /** All pods are gone, as if somebody had removed them and their node with them. */
  forget(): void {
    for (const { process } of this.pods.values()) process?.kill('SIGKILL');
    this.pods.clear();
  }

  /** Starts the only container once more, as a cluster may do in rare cases. */
  startAgain(): ChildProcess {
    return this.#startLast!();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '' } = request;
    const body = await text(request);
    const reply = (code: number, value: unknown) =>
      response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const absent = () => reply(404, { kind: 'Status', status: 'Failure', message: 'not found', code: 404 });
    if (this.away)
      return void reply(503, { kind: 'Status', status: 'Failure', message: 'not ready', code: 503 });
    if (url.includes('selfsubjectaccessreviews'))
      return void reply(201, { status: { allowed: this.allows } });
    if (url.startsWith('/api/v1/namespaces/') && !PODS.test(url))
      return void reply(200, { metadata: { name: 'lab' } });
    const [isJob, job] = JOBS.exec(url) ?? [];
    const [isPod, pod] = PODS.exec(url) ?? [];
    if (isJob !== undefined && method === 'POST') {
      this.#create(JSON.parse(body) as NewJob);
      if (this.breaksNext) {
        this.breaksNext = false;
        return void request.socket.destroy();
      }
      return void reply(201, JSON.parse(body));
    }
    if (isJob !== undefined && method === 'GET') return void reply(200, { items: [...this.jobs.values()] });
    if (pod !== undefined && /\/log(\?|$)/.test(url)) {
      const log = this.logs.get(pod);
      if (log === undefined) return void absent();
      return void response.writeHead(200, { 'content-type': 'text/plain' }).end(log);
    }
    if (isPod !== undefined && method === 'GET') {
      await this.meanwhile();
      return void reply(200, { items: [...this.pods.values()].map((one) => one.pod) });
    }
    if (method !== 'DELETE') return void absent();
    if (job !== undefined ? !this.jobs.delete(job) : !this.pods.has(pod!)) return void absent();
    this.#end(job ?? pod!.replace(/-pod$/, ''));
    reply(200, { kind: 'Status', status: 'Success' });
  }

  #end(job: string): void {
    const running = this.pods.get(`${job}-pod`);
    const forget = () => this.pods.delete(`${job}-pod`);
    if (running?.process === undefined || running.pod.status?.phase !== 'Running') return void forget();
    running.process.once('exit', forget);
    running.process.kill('SIGTERM');
  }

  #create(job: NewJob): void {
    const { name } = job.metadata;
    this.created.push(job);
    this.jobs.set(name, job);
    const { spec } = job.spec.template as unknown as { spec: PodSpec };
    const [{ image, command, env, terminationMessagePath }] = spec.containers;
    const pod: Pod = {
      metadata: {
        name: `${name}-pod`,
        labels: { ...job.metadata.labels, 'batch.kubernetes.io/job-name': name },
      },
      spec: { nodeName: 'n1' },
    };
    const put = (status: Pod['status'], process?: ChildProcess) =>
      this.pods.set(pod.metadata.name, { process, pod: withStatus(pod, status) });
    if (this.isFull) {
      const message = '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.';
      put({
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
      });
      return;
    }
    if (image === 'missing') {
      put({
        phase: 'Pending',
        containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull', message: 'no such image' } } }],
      });
      return;
    }
    const { mounts, message } = this.#mountsOf(spec);
    const seen = (text: string) =>
      mounts.reduce((shown, [path, here]) => shown.replaceAll(`"${path}"`, `"${here}"`), text);
    const variables = env.map(({ name: variable, value = '', valueFrom }) => [
      variable,
      valueFrom === undefined ? seen(value.replaceAll('$$', '$')) : this.secrets[valueFrom.secretKeyRef.key],
    ]);
    const [program, ...args] = command.map((word) => word.replaceAll('$$', '$'));
    const startContainer = () =>
      spawn(program!, args, {
        env: { PATH: this.programs, ...(Object.fromEntries(variables) as Record<string, string>) },
        detached: true,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    this.#startLast = startContainer;
    const child = startContainer();
    this.#keepLog(pod.metadata.name, child);
    put({ phase: 'Running', containerStatuses: [{}] }, child);
    child.once('exit', (code, signal) => {
      const running = this.pods.get(pod.metadata.name);
      if (running?.pod.status?.phase !== 'Running') return;
      const exitCode = code ?? (signal === 'SIGTERM' ? 143 : 137);
      const reason = exitCode === 0 ? 'Completed' : 'Error';
      running.pod = withStatus(pod, {
        phase: exitCode === 0 ? 'Succeeded' : 'Failed',
        containerStatuses: [
          {
            state: { terminated: { exitCode, reason, ...this.#lastWords(terminationMessagePath, message) } },
          },
        ],
      });
    });
  }

  /** Volumes that are made for one pod, and the file of its last words. */
  #mountsOf({ volumes = [], containers: [container] }: PodSpec): { mounts: Mounts; message: string } {
    const folder = mkdtempSync(join(tmpdir(), 'pod-'));
    this.#folders.push(folder);
    const message = join(folder, 'message');
    const own = new Set(volumes.filter(({ emptyDir }) => emptyDir !== undefined).map(({ name }) => name));
    const mounts = (container.volumeMounts ?? []).filter(({ name }) => own.has(name));
    for (const { name } of mounts) mkdirSync(join(folder, name));
    return {
      message,
      mounts: [
        ...mounts.map(({ name, mountPath }) => [mountPath, join(folder, name)] as const),
        ...(container.terminationMessagePath === undefined
          ? []
          : [[container.terminationMessagePath, message] as const]),
      ],
    };
  }

  #lastWords(path: string | undefined, file: string): { readonly message?: string } {
    if (path === undefined || !existsSync(file)) return {};
    return { message: this.message(readFileSync(file, 'utf8').slice(0, 4096)) };
  }

  /** As nodes do: the time in nanoseconds before each line. */
  #keepLog(pod: string, { stdout, stderr }: ChildProcess): void {
    this.logs.set(pod, '');
    for (const stream of [stdout!, stderr!]) {
      createInterface({ input: stream }).on('line', (line) => {
        const time = new Date().toISOString().replace('Z', `${String(this.#printed++).padStart(6, '0')}Z`);
        this.logs.set(pod, `${this.logs.get(pod)}${time} ${line}\n`);
      });
    }
  }
}

function withStatus(pod: Pod, status: Pod['status']): Pod {
  return { ...pod, ...(status && { status }) };
}

/** The environment of a created Job's pod, as it is in the cluster. */
export function podOf(job: NewJob): JsonObject {
  return (job.spec.template as { readonly spec: JsonObject }).spec;
}
