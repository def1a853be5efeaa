import { type Cluster, ClusterError } from './cluster.ts';

/** A question reaches back a bit further than to the one before: clocks of machines and of questions are not exact. */
const OVERLAP_S = 3;

/** What the container of a pod prints, each line once. Lines carry the time at which the node has read them. */
export class PodLog {
  readonly #cluster: Cluster;
  readonly #pod: string;
  #asked: number | undefined;
  #last = '';

  constructor(cluster: Cluster, pod: string) {
    this.#cluster = cluster;
    this.#pod = pod;
  }

  /** The lines that came since it was asked before; none where the log cannot be had now. */
  async next(): Promise<string[]> {
    const asked = performance.now();
    const since = this.#asked === undefined ? undefined : Math.ceil((asked - this.#asked) / 1000) + OVERLAP_S;
    let text: string;
    try {
      text = await this.#cluster.log(this.#pod, since);
    } catch (error) {
      if (error instanceof ClusterError) return [];
      throw error;
    }
    this.#asked = asked;
    const lines: string[] = [];
    // What is not a whole line yet comes again.
    for (const line of text.split('\n').slice(0, -1)) {
      const [, time = '', words = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
      if (time <= this.#last) continue;
      this.#last = time;
      lines.push(words);
    }
    return lines;
  }
}
