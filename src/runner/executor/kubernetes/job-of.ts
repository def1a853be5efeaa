import { createHash, randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import type { StageSpec } from '../../../contract/attempt/spec.ts';
import type { KubernetesProfile } from '../../../contract/executor/kubernetes-profile.ts';
import type { Json, JsonObject } from '../../../contract/json.ts';
import type { Stage } from '../../../pipeline/pipeline.ts';
import { parseBytes } from '../../../pipeline/resolve/parse-units.ts';
import { declaredVariables, TENSOR_MEMORY } from '../../attempt/stage-environment.ts';
import type { Surroundings } from '../executor.ts';
import type { PodParts } from './meeting.ts';
import type { NewJob } from './objects.ts';

/** Before it is killed, a pod that is to give way may write a checkpoint. */
const GRACE_S = 30;

const LABEL = 'pipe-ml';
/** Kubernetes allows 63 characters; the name of a pod has six more than its Job. */
const NAME_LENGTH = 40;
const LABEL_LENGTH = 63;

/** Selects the Jobs and pods of all attempts that are in one artifacts folder. */
export function selectorOf(attemptDirectory: string): string {
  return `${LABEL}/folder=${folderLabel(attemptDirectory)}`;
}

/** The name of a Job that nothing else has: the stage's, for people, and chance. */
export function newJobName(stage: string): string {
  const readable = stage.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  return `pipe-${readable.slice(0, NAME_LENGTH)}-${randomBytes(5).toString('hex')}`.replace(/-{2,}/g, '-');
}

/**
 * The Job of an attempt. It makes one pod and none after it: whatever takes the pod away ends the Job (`FailJob`), which
 * says so when the pod is gone, and the runner makes another attempt.
 */
export function jobOf(
  profile: KubernetesProfile,
  name: string,
  spec: StageSpec,
  { environment, about }: Pick<Surroundings, 'environment' | 'about'>,
  parts: PodParts,
): NewJob {
  const { stage, run, pipeline } = about;
  const { attemptDirectory } = spec;
  const labels = {
    ...profile.labels,
    'app.kubernetes.io/managed-by': 'pipe',
    [`${LABEL}/folder`]: folderLabel(attemptDirectory),
    [`${LABEL}/run`]: label(run),
    [`${LABEL}/action`]: label(spec.key),
    [`${LABEL}/attempt`]: label(spec.attempt),
  };
  const annotations = {
    ...profile.annotations,
    [`${LABEL}/pipeline`]: pipeline,
    [`${LABEL}/stage`]: stage.id,
  };
  const { timeout } = stage.execution;
  const pod: JsonObject = {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: GRACE_S,
    // Of the pod: that of a Job would count the time in which it waits for a node.
    ...(timeout !== undefined && { activeDeadlineSeconds: Math.max(1, Math.ceil(timeout / 1000)) }),
    ...placement(profile),
    ...identity(profile),
    volumes: [...parts.volumes],
    containers: [
      {
        name: 'stage',
        image: profile.image,
        command: ['/bin/sh', '-c', escaped(parts.script)],
        env: [...variables(profile, stage, environment), ...parts.env.map(escapedValue)],
        resources: resources(profile, stage),
        volumeMounts: [...parts.volumeMounts],
        ...parts.container,
        securityContext: { allowPrivilegeEscalation: false },
      },
    ],
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels, annotations },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 0,
      // The runner removes Jobs itself; where it was killed first, the cluster does that.
      ttlSecondsAfterFinished: parts.keptFinished,
      podFailurePolicy: {
        rules: [{ action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
      },
      template: { metadata: { labels, annotations }, spec: pod },
    },
  };
}

function placement(profile: KubernetesProfile): JsonObject {
  const { node_selector, tolerations, priority_class } = profile;
  return {
    ...(node_selector && { nodeSelector: node_selector }),
    ...(tolerations && { tolerations: tolerations.map((toleration) => ({ ...toleration })) }),
    ...(priority_class !== undefined && { priorityClassName: priority_class }),
  };
}

/** What the pods may do: as little as works. Files that root writes could not be removed by the user. */
function identity({ service_account, image_pull_secrets, run_as }: KubernetesProfile): JsonObject {
  const user = run_as?.user ?? process.getuid?.() ?? 0;
  const group = run_as?.group ?? process.getgid?.() ?? 0;
  return {
    ...(service_account === undefined
      ? { automountServiceAccountToken: false }
      : { serviceAccountName: service_account }),
    ...(image_pull_secrets && { imagePullSecrets: image_pull_secrets.map((name) => ({ name })) }),
    ...((run_as !== undefined || user !== 0) && { securityContext: { runAsUser: user, runAsGroup: group } }),
  };
}

/**
 * What the pipeline and the profile declare, and nothing of the environment of the runner besides: that belongs to its
 * machine. Secrets are references.
 */
function variables(
  { env = {}, secrets = {} }: KubernetesProfile,
  stage: Stage,
  environment: Readonly<Record<string, string>>,
): Json[] {
  const secret = new Set(stage.secrets);
  const declared = declaredVariables(stage).filter(
    (name) => !secret.has(name) && Object.hasOwn(environment, name),
  );
  const values: Record<string, string> = {
    ...(stage.type.tensors && TENSOR_MEMORY),
    ...env,
    ...Object.fromEntries(declared.map((name) => [name, environment[name]!])),
    ...stage.envValues,
  };
  return [
    ...Object.entries(values)
      .filter(([name]) => !secret.has(name))
      .map(([name, value]) => ({ name, value: escaped(value) })),
    ...stage.secrets
      .filter((name) => Object.hasOwn(secrets, name))
      .map((name) => ({ name, valueFrom: { secretKeyRef: { ...secrets[name]! } } })),
  ];
}

function escapedValue(variable: JsonObject): JsonObject {
  return typeof variable.value === 'string' ? { ...variable, value: escaped(variable.value) } : variable;
}

/** Kubernetes would put other variables in the place of `$(NAME)`, and one `$` in the place of two. */
function escaped(text: string): string {
  return text.replaceAll('$', '$$$$');
}

/** As much memory is kept for a pod as it may use; of the processors that are free it may use more. */
function resources(profile: KubernetesProfile, stage: Stage): JsonObject {
  const { cpu, gpu, memory } = stage.execution.resources;
  const bytes = String(memory > 0 ? memory : parseBytes(profile.memory));
  const gpus = gpu > 0 ? { [profile.gpu]: String(gpu) } : {};
  return { requests: { cpu: String(cpu), memory: bytes, ...gpus }, limits: { memory: bytes, ...gpus } };
}

function folderLabel(attemptDirectory: string): string {
  return createHash('sha256')
    .update(dirname(dirname(attemptDirectory)))
    .digest('hex')
    .slice(0, 32);
}

/** Values of labels are of few characters, begin and end with a letter or digit, and are short. */
function label(text: string): string {
  return text
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .slice(0, LABEL_LENGTH)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
