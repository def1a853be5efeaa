import { Mt19937, type Mt19937State } from '../../statistics/random/mt19937.ts';

/**
 * How the training texts are ordered in each pass over them.
 * - `pytorch`: as PyTorch's data loaders order them, so that a run can be compared with one in PyTorch, batch by batch.
 * - `seeded`: shuffled too, but measuring the losses changes nothing.
 * - `none`: the order of the data.
 */
export type Shuffle = 'pytorch' | 'seeded' | 'none';

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
 * Orders of the passes over the data, drawn from one generator, which begins as `Mt19937.seeded(seed)`.
 *
 * `pytorch` draws as PyTorch's data loaders draw from the global generator, evaluations included: starting a loader's
 * iterator draws its base seed, and a shuffled loader then draws the seed of its permutation
 * (torch/utils/data/dataloader.py and sampler.py). So how often the losses are measured moves the order of later passes.
 *
 * `seeded` draws one 63-bit number a training pass, the seed of its `permutation`, and none for an evaluation: pass n
 * depends on the seed and n alone. Losses are measured on the same training texts every time, those that
 * `permutation(size, 0)` puts first, whatever the seed.
 */
export class DataOrder {
  readonly #generator: Mt19937;
  readonly #shuffle: Shuffle;

  constructor(shuffle: Shuffle, generator: Mt19937State) {
    this.#shuffle = shuffle;
    this.#generator = Mt19937.restored(generator);
  }

  /** The position of the generator now. */
  state(): Mt19937State {
    return this.#generator.state();
  }

  /** Starts a pass over the training data, to train on. */
  training(size: number): Pass {
    if (this.#shuffle === 'pytorch') return this.#loaderPass(size);
    return this.#shuffle === 'seeded' ? permutation(size, this.#generator.nextInt63()) : sequential(size);
  }

  /** Starts a pass over the training data, to measure the loss on its first batches. */
  evaluation(size: number): Pass {
    if (this.#shuffle === 'pytorch') return this.#loaderPass(size);
    return this.#shuffle === 'seeded' ? permutation(size, 0) : sequential(size);
  }

  /** Starts a pass over the validation data, which is never shuffled; PyTorch draws a base seed all the same. */
  validation(size: number): Pass {
    if (this.#shuffle === 'pytorch') this.#generator.nextInt63();
    return sequential(size);
  }

  #loaderPass(size: number): Pass {
    this.#generator.nextInt63();
    return permutation(size, this.#generator.nextInt63());
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
