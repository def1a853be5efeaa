import type { Json } from './json.ts';

/** One line of an attempt's `events.ndjson`. `time` is milliseconds since the Unix epoch. */
export type StageEvent = { readonly time: number } & (
  | {
      readonly type: 'progress';
      readonly done: number;
      readonly total: number | null;
      readonly unit: string;
      readonly metrics?: Readonly<Record<string, number | string>>;
    }
  | { readonly type: 'log'; readonly message: string }
  | { readonly type: 'warning'; readonly message: string; readonly hint?: string }
  | { readonly type: 'metric'; readonly name: string; readonly value: number }
  | { readonly type: 'fact'; readonly name: string; readonly value: Json }
  /** The action's lock is held by a live process elsewhere; the stage waits. */
  | { readonly type: 'waiting'; readonly holder: string }
);
