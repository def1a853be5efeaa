import { KubernetesProfile } from './kubernetes-profile.ts';
import { LocalProfile } from './local-profile.ts';
import { SlurmProfile } from './slurm-profile.ts';

/** The profiles of executors, one a kind. */
export const EXECUTOR_PROFILES = [LocalProfile, SlurmProfile, KubernetesProfile] as const;

/** Where stages run: a file under configs/executors, or what a pipeline says in its place. */
export type ExecutorProfile = LocalProfile | SlurmProfile | KubernetesProfile;

/** An executor of which the machine is not this one. */
export type RemoteProfile = Exclude<ExecutorProfile, LocalProfile>;
