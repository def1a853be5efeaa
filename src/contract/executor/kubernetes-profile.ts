import { type Static, Type } from 'typebox';
import { sharedSettings } from './shared-settings.ts';

/** DNS-1123: what Kubernetes calls most of its objects. */
const NAME = '^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$';
const VARIABLE = '^[A-Za-z_][A-Za-z0-9_]{0,199}$';
const ABSOLUTE = '^/[^\\0\\n]*[^\\0\\n/]$';

const strict = { additionalProperties: false };
const name = (description: string) => Type.Optional(Type.String({ pattern: NAME, description }));
const texts = (description: string) =>
  Type.Optional(Type.Record(Type.String(), Type.String(), { asWritten: true, description }));

/** Where a volume is mounted: the artifacts folder has the same path there and here. */
const path = Type.String({
  pattern: ABSOLUTE,
  examples: ['/data'],
  description:
    'Folder of the pods that shows the volume. The artifacts folder is below it, under the same path as here.',
});

const Volume = Type.Union(
  [
    Type.Object(
      {
        claim: Type.String({ pattern: NAME, description: 'Name of a persistent volume claim.' }),
        sub_path: Type.Optional(
          Type.String({ minLength: 1, description: 'A folder of the volume in place of all of it.' }),
        ),
        path,
      },
      strict,
    ),
    Type.Object(
      {
        nfs: Type.Object(
          {
            server: Type.String({ minLength: 1, description: 'Name or address of the server.' }),
            export: Type.String({ pattern: '^/', description: 'The folder that it exports.' }),
          },
          { ...strict, description: 'An NFS server.' },
        ),
        path,
      },
      strict,
    ),
    Type.Object(
      {
        host_path: Type.String({
          pattern: ABSOLUTE,
          description: 'A folder of the nodes, where all of them mount the same file system.',
        }),
        path,
      },
      strict,
    ),
  ],
  { description: 'What runner and pods share: a volume that holds the artifacts folder.' },
);
export type Volume = Static<typeof Volume>;

const Remote = Type.Object(
  {
    credentials: Type.Optional(
      Type.String({
        pattern: NAME,
        description:
          'Name of a Secret of the cluster with which pods read and write the store: its keys are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), or PIPE_REMOTE_TOKEN.',
      }),
    ),
    url: Type.Optional(
      Type.String({
        pattern: '^(s3|https?)://[^@\\s]+$',
        description: 'Address of the store for pods, if it is another one there than here.',
      }),
    ),
    endpoint: Type.Optional(
      Type.String({
        pattern: '^https?://[^@\\s]+$',
        description: 'AWS_ENDPOINT_URL_S3 of pods, if it is another one there than here.',
      }),
    ),
    scratch: Type.Optional(
      Type.String({
        pattern: '^\\d+(\\.\\d+)? ?(MB|GB|TB|MiB|GiB|TiB)$',
        examples: ['100GB'],
        description:
          'Disk space of the node that inputs, outputs and checkpoints of a pod may take; more ends the pod.',
      }),
    ),
  },
  {
    ...strict,
    description:
      'In place of `volume`: pods fetch inputs from the remote cache of the run (`--remote`) and put outputs there. Runner and pods share nothing else.',
  },
);

/** As Kubernetes spells it. */
const Toleration = Type.Object(
  {
    key: Type.Optional(Type.String()),
    operator: Type.Optional(Type.Union([Type.Literal('Exists'), Type.Literal('Equal')])),
    value: Type.Optional(Type.String()),
    effect: Type.Optional(
      Type.Union([Type.Literal('NoSchedule'), Type.Literal('PreferNoSchedule'), Type.Literal('NoExecute')]),
    ),
  },
  strict,
);

/** Stages are Jobs of a Kubernetes cluster. */
export const KubernetesProfile = Type.Object(
  {
    kind: Type.Literal('kubernetes'),
    image: Type.String({
      pattern: '^[^\\s]+$',
      maxLength: 1000,
      description: 'The image, which holds this version of pipe, Node and whatever the stages call.',
    }),
    volume: Type.Optional(Volume),
    remote: Type.Optional(Remote),
    namespace: name('The namespace; that of the context of your kubeconfig if absent.'),
    context: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'The context of your kubeconfig; its current one if absent.',
      }),
    ),
    memory: Type.String({
      pattern: '^\\d+(\\.\\d+)? ?(MB|GB|TB|MiB|GiB|TiB)$',
      default: '4GB',
      description:
        'Memory of pods whose stage asks for none: without a limit a pod can take all of its node.',
    }),
    gpu: Type.String({
      pattern: '^[a-z0-9.-]+/[A-Za-z0-9._-]+$',
      default: 'nvidia.com/gpu',
      description: 'What a GPU is called there; the number comes from `resources.gpu`.',
    }),
    node_selector: texts('Labels that a node must have.'),
    tolerations: Type.Optional(
      Type.Array(Toleration, {
        description: 'Taints of nodes that keep no pod away, as Kubernetes spells them.',
      }),
    ),
    priority_class: name('The priority class of the pods.'),
    service_account: name('The service account of the pods. Without one they get no token for the cluster.'),
    image_pull_secrets: Type.Optional(
      Type.Array(Type.String({ pattern: NAME }), {
        description: 'Names of Secrets with which nodes get the image.',
      }),
    ),
    run_as: Type.Optional(
      Type.Object(
        {
          user: Type.Integer({ minimum: 0, description: 'Number of the user.' }),
          group: Type.Integer({ minimum: 0, description: 'Number of the group.' }),
        },
        {
          ...strict,
          description:
            'As whom the pods run and write. If absent: as you, or as the image says if you are root.',
        },
      ),
    ),
    env: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        propertyNames: { pattern: VARIABLE },
        asWritten: true,
        description:
          'Variables of every pod. They are in no action key: only what decides no result, such as a proxy.',
      }),
    ),
    secrets: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Object(
          {
            name: Type.String({ pattern: NAME, description: 'Name of the Secret.' }),
            key: Type.String({ pattern: '^[A-Za-z0-9._-]+$', description: 'Its key with the value.' }),
          },
          strict,
        ),
        {
          propertyNames: { pattern: VARIABLE },
          description:
            'Where the cluster keeps the secrets that stages declare: `HF_TOKEN: {name: hugging-face, key: token}`. A pod gets a reference and only what its stage declares.',
        },
      ),
    ),
    labels: texts('Labels of Jobs and pods.'),
    annotations: texts('Annotations of Jobs and pods.'),
    ...sharedSettings,
  },
  { additionalProperties: false },
);
export type KubernetesProfile = Static<typeof KubernetesProfile>;
