import { Mt19937, type Mt19937State } from './mt19937.ts';

/** `pytorch`: another order in each pass, the one of PyTorch's data loaders. `none`: the order of the data. */
export type Shuffle = 'pytorch' | 'none';

/** The indices 0 … size-1 in the order of `torch.randperm` under a generator seeded with `seed`. */
export function permutation(size: number, seed: number | bigint): Int32Array {
  const generator = Mt19937.seeded(seed);
  const order = Int32Array.from({ length: size }, (_, index) => index);
  for (let i = 0; i < size - 1; i++) {
    const other = i + (generator.next32() % (size - i));
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  return order;
}

/** One pass over a data set: the order of its items. */
export type Pass = Int32Array;

/**
 * Orders of the passes over the data, drawn from one generator as PyTorch's data loaders draw from the global
 * one, evaluations included: starting a loader's iterator draws its base seed, and a shuffled loader then draws
 * the seed of its permutation (torch/utils/data/dataloader.py and sampler.py). A run can so be laid beside
 * one in PyTorch, batch by batch.
 */
export class DataOrder {
  readonly #generator: Mt19937;
  readonly #shuffle: Shuffle;

  constructor(shuffle: Shuffle, generator: Mt19937State) {
    this.#shuffle = shuffle;
    this.#generator = Mt19937.restored(generator);
  }

  /** Where the generator stands now. */
  state(): Mt19937State {
    return this.#generator.state();
  }

  /** Starts a pass over the training data. */
  training(size: number): Pass {
    this.#generator.nextInt63();
    if (this.#shuffle === 'none') return sequential(size);
    return permutation(size, this.#generator.nextInt63());
  }

  /** Starts a pass over the validation data, which is never shuffled but draws a base seed all the same. */
  validation(size: number): Pass {
    this.#generator.nextInt63();
    return sequential(size);
  }
}

function sequential(size: number): Pass {
  return Int32Array.from({ length: size }, (_, index) => index);
}

/** Cuts a pass into batches; an incomplete last one is left out where `dropLast` is true. */
export function batchesOf(
  pass: Pass,
  batchSize: number,
  { dropLast }: { readonly dropLast: boolean },
): readonly Int32Array[] {
  const count = dropLast ? Math.floor(pass.length / batchSize) : Math.ceil(pass.length / batchSize);
  return Array.from({ length: count }, (_, batch) =>
    pass.subarray(batch * batchSize, (batch + 1) * batchSize),
  );
}
