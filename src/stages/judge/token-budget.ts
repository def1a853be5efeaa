import type { Judgement } from '../../text/scores.ts';

/**
 * What a judge may spend on all items. An item is scored if those before it have left some of the budget, in the order of
 * the items: how many are asked at a time, and which answer comes first, changes nothing.
 */
export class TokenBudget {
  readonly #tokens: number;
  readonly #spent: number[] = [];
  #sum = 0;

  /** Without a number there is no bound. */
  constructor(tokens: number = Number.POSITIVE_INFINITY) {
    this.#tokens = tokens;
  }

  /** Whether an item need not be asked, if all before it have been begun. */
  get isSpent(): boolean {
    return this.#sum >= this.#tokens;
  }

  spend(item: number, tokens: number): void {
    this.#spent[item] = tokens;
    this.#sum += tokens;
  }

  /** The judgements of as many items as the budget allows; of the others the reason. */
  applied(judgements: readonly (Judgement | undefined)[]): Judgement[] {
    let before = 0;
    return Array.from(judgements, (judgement, index) => {
      const left = before < this.#tokens;
      before += this.#spent[index] ?? 0;
      return judgement && left ? judgement : { index, score: null, reason: this.#reason };
    });
  }

  get #reason(): string {
    return `the budget of ${this.#tokens} tokens is spent`;
  }
}
