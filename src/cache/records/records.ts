import type { Digest } from '../../files/digest.ts';
import type { ActionRecord } from './action-record.ts';

/**
 * Records of finished actions. `ActionRecords` keeps them on this disk; others may ask elsewhere, too. What is
 * damaged is reported and counts as absent. Every method throws a CacheError when the disk refuses.
 */
export interface Records {
  /** Every sound record of an action, one for each state of its observed facts, in a fixed order. */
  find(key: Digest): Promise<readonly ActionRecord[]>;
  /** `find` for an action that observes nothing: it has one record at most. */
  findOnly(key: Digest): Promise<readonly ActionRecord[]>;
  /**
   * Records a finished action and returns the record that holds from now on: this one, or, when another process has
   * finished the same action first, that one's, with whose outputs to continue.
   */
  add(record: ActionRecord): Promise<ActionRecord>;
  /**
   * Records an action that was done again although it has a record: its outputs were lost, or a user forced it.
   * Where it came out the same the old record stays; other outputs replace it, and that is reported.
   */
  replace(record: ActionRecord): Promise<ActionRecord>;
  /** Every sound record that is stored here, in any order. */
  entries(): AsyncIterable<ActionRecord>;
}
