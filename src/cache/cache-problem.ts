/** Something in the cache that was not as it should be. Work continues: what is damaged counts as absent. */
export interface CacheProblem {
  readonly code:
    | 'corrupt-object'
    | 'lost-object'
    | 'unreadable-record'
    | 'replaced-record'
    | 'run-not-stored'
    | 'remote-refused'
    | 'remote-unreachable'
    | 'remote-without-keys';
  readonly message: string;
  /** Where the damaged bytes were put aside, if they were. */
  readonly quarantined?: string;
}

export type OnCacheProblem = (problem: CacheProblem) => void;
