import { type Static, Type } from 'typebox';
import { sharedSettings } from './shared-settings.ts';

/** Stages are Jobs of a Kubernetes cluster. */
export const KubernetesProfile = Type.Object(
  {
    kind: Type.Literal('kubernetes'),
    image: Type.String({
      minLength: 1,
      description: 'The image, which holds this version of pipe, Node and whatever the stages call.',
    }),
    ...sharedSettings,
  },
  { additionalProperties: false },
);
export type KubernetesProfile = Static<typeof KubernetesProfile>;
